"""A partition's past is read conversation by conversation, in chunks that end where one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from consumers.leased import Connection
from consumers.log_rows import COLUMNS, log_row
from consumers.rebuild.reading import Chunk, Scope, past, together
from consumers.rebuild.scratch import FilledPart
from events.catalogue import CATALOGUE
from events.codec import decode
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.payload import NewerVersion
from tests.examples import body

_AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
_TYPES = ["message.sent", "message_received.text"]
_LARGE = "large"
"""A conversation of more events than two chunks; the others have three or four each."""
Place = tuple[str, str, int]


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[Connection]:
    """To a log of 40 small conversations of two companies and a large one, all under way at a time."""
    ids = [*(f"c-{n}" for n in range(40)), *[_LARGE] * 6]
    rows = [
        row(
            *(2, n + 1),
            {
                **body(_TYPES[n % 2], n + 1),
                "company_id": f"company-{n % 2}",
                "conversation_id": ids[n % len(ids)],
            },
        )
        for n in range(160)
    ]
    made = asyncpg.create_pool(database_url, min_size=1, max_size=1)
    async with made as pool, pool.acquire() as conn:
        await write(conn, rows)
        yield conn


def row(partition: int, position: int, told: dict[str, Any]) -> tuple[Any, ...]:
    raw = orjson.dumps(told)
    entry_id = EntryId(position, 0)
    return log_row(RecordedEvent(decode(raw), partition, position, entry_id, _AT), raw)


async def write(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    await conn.copy_records_to_table(
        "event_log", schema_name="runtime", columns=COLUMNS, records=rows
    )


def place(recorded: RecordedEvent) -> Place:
    return recorded.event.company_id, recorded.event.conversation_id, recorded.position


async def read(
    conn: Connection,
    *,
    partition: int = 2,
    behind: Place = ("", "", 0),
    types: Sequence[str] = _TYPES,
) -> list[Chunk]:
    part = FilledPart(partition, 160, False, *behind)
    async with conn.transaction():
        found = past(conn, [part], schema="none", scope=Scope.ALL, types=types, size=7)
        return [chunk async for _, chunk in found]


def places(chunks: Sequence[Chunk]) -> list[Place]:
    return [place(event) for chunk in chunks for event in chunk.events]


async def test_each_conversation_stands_together_by_position(conn: Connection) -> None:
    found = places(await read(conn))
    assert len(found) == len(set(found)) == 160
    order = list(dict.fromkeys(one[:2] for one in found))
    assert found == sorted(found, key=lambda one: (order.index(one[:2]), one[2]))


async def test_only_a_large_conversation_is_cut(conn: Connection) -> None:
    chunks = await read(conn)
    seen: set[tuple[str, str]] = set()
    for chunk in chunks:
        begun = {place(event)[:2] for event in chunk.events[: chunk.begun]}
        others = {place(event)[:2] for event in chunk.events[chunk.begun :]}
        assert not seen & others
        assert begun <= seen
        assert all(conversation == _LARGE for _, conversation in begun)
        seen |= others
    assert any(chunk.begun for chunk in chunks)
    assert max(len(chunk.events) for chunk in chunks) <= 14


async def test_whoever_goes_on_behind_any_event_reads_the_rest(conn: Connection) -> None:
    found = places(await read(conn))
    for number in range(0, 160, 9):
        rest = await read(conn, behind=found[number])
        assert places(rest) == found[number + 1 :]
        same = [one[:2] == found[number][:2] for one in found[number + 1 :]]
        assert sum(chunk.begun for chunk in rest[:1]) == min(sum(same), len(rest[0].events))


async def test_events_of_other_types_are_not_read(conn: Connection) -> None:
    found = await read(conn, types=_TYPES[:1])
    assert {one.event.type for chunk in found for one in chunk.events} == {"message.sent"}


def told_apart() -> list[dict[str, Any]]:
    """One of each type, and of common ones what is not read at once."""
    media = {"url": "https://media.example/1", "mime_type": "image/png", "caption": "c"}
    told = [body(type_, n) for n, type_ in enumerate(CATALOGUE, 1)]
    told.append(body("message.sent", 900, text=None, media=media))
    told.append(body("message_received.text", 901, text='a "b"\n'))
    told.append({**body("message.sent", 902), "source": "é"})
    return told


def assert_whole(found: RecordedEvent, expected: tuple[Any, ...]) -> None:
    event = decode(expected[-1].encode())
    assert (found.partition, found.position, found.recorded_at) == (3, expected[1], _AT)
    assert found.event[:-1] == event[:-1]
    assert isinstance(found.event.payload, type(event.payload))
    assert found.event.payload.model_dump() == event.payload.model_dump()


async def test_an_event_says_what_its_body_says(conn: Connection) -> None:
    rows = [row(3, n, told) for n, told in enumerate(told_apart(), 1)]
    await write(conn, rows)
    (*chunks,) = await read(conn, partition=3, types=list(CATALOGUE))
    events = [event for chunk in chunks for event in chunk.events]
    assert [event.position for event in events] == list(range(1, len(rows) + 1))
    for found, expected in zip(events, rows, strict=True):
        assert_whole(found, expected)


async def test_beside_an_event_that_waits_all_are_made_in_full(conn: Connection) -> None:
    newer = {**body("message.sent", 3), "version": 99}
    rows = [row(3, n, body("message.sent", n)) for n in (1, 2)]
    await write(conn, [*rows, row(3, 3, newer)])
    (chunk,) = await read(conn, partition=3)
    assert type(chunk.events[2].event.payload) is NewerVersion
    assert [event.entry_id for event in chunk.events] == [EntryId(n, 0) for n in (1, 2, 3)]


async def test_of_a_conversation_that_was_begun_all_are_made_in_full(conn: Connection) -> None:
    begun = [event for chunk in await read(conn) for event in chunk.events[: chunk.begun]]
    assert begun
    assert all(event.entry_id == EntryId(event.position, 0) for event in begun)


def fresh(*partitions: int) -> list[FilledPart]:
    return [FilledPart(partition, 160, False, "", "", 0) for partition in partitions]


async def test_who_reads_nothing_for_a_minute_holds_up_nobody(conn: Connection) -> None:
    await write(conn, [row(3, n, body(_TYPES[0], n)) for n in range(1, 41)])
    async with conn.transaction():
        found = past(conn, fresh(3, 4), schema="none", scope=Scope.ALL, types=_TYPES, size=7)
        await anext(found)
        assert await conn.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
        await found.aclose()


async def test_several_partitions_give_what_each_gives_alone(conn: Connection) -> None:
    rows = [
        row(partition, n, {**body(_TYPES[n % 2], n), "conversation_id": f"c-{n % several}"})
        for partition, several in ((3, 1), (4, 20), (9, 5))
        for n in range(1, 41)
    ]
    await write(conn, rows)
    parts = fresh(2, 3, 4, 9)
    parts[3].up_to = 30
    async with conn.transaction():
        given = past(conn, parts, schema="none", scope=Scope.ALL, types=_TYPES, size=7)
        found = [(part.partition, chunk) async for part, chunk in given]
    order = [partition for partition, _ in found]
    assert sorted(order, key=order.index) == order
    for part in parts:
        chunks = [chunk for partition, chunk in found if partition == part.partition]
        alone = places(await read(conn, partition=part.partition))
        assert places(chunks) == [one for one in alone if one[2] <= part.up_to]
        assert all(event.partition == part.partition for one in chunks for event in one.events)
        assert max(len(chunk.events) for chunk in chunks) <= 14


def test_partitions_are_read_together_unless_one_is_begun_or_narrowed() -> None:
    parts = fresh(0, 1, 2, 3, 4, 16, 17, 32)
    parts[2].position = 7
    groups = [[part.partition for part in group] for group in together(parts, Scope.ALL)]
    # The number of 17 begins as that of 1, and those of 16 and 32 as that of 0.
    assert groups == [[2], [0, 1, 3, 4], [16, 17], [32]]
    assert all(len(group) == 1 for group in together(parts, Scope.CONVERSATIONS))
