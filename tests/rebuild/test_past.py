"""A partition's past is read conversation by conversation, in chunks that end where one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from consumers.leased import Connection
from consumers.log_rows import COLUMNS
from consumers.rebuild.reading import Rows, Scope, past
from consumers.rebuild.scratch import FilledPart

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
        (
            *(2, n + 1, UUID(int=n), _TYPES[n % 2], 1, f"company-{n % 2}", ids[n % len(ids)]),
            *(_AT, _AT, f"{n + 1}-0", "{}"),
        )
        for n in range(160)
    ]
    made = asyncpg.create_pool(database_url, min_size=1, max_size=1)
    async with made as pool, pool.acquire() as conn:
        await conn.copy_records_to_table(
            "event_log", schema_name="runtime", columns=COLUMNS, records=rows
        )
        yield conn


def place(row: asyncpg.Record) -> Place:
    return row["company_id"], row["conversation_id"], row["position"]


async def read(
    conn: Connection, *, behind: Place = ("", "", 0), types: Sequence[str] = _TYPES
) -> list[Rows]:
    part = FilledPart(2, 160, False, *behind)
    async with conn.transaction():
        found = past(conn, part, schema="none", scope=Scope.ALL, types=types, size=7)
        return [chunk async for chunk in found]


def places(chunks: Sequence[Rows]) -> list[Place]:
    return [place(row) for chunk in chunks for row in chunk.rows]


async def test_each_conversation_stands_together_by_position(conn: Connection) -> None:
    found = places(await read(conn))
    assert len(found) == len(set(found)) == 160
    order = list(dict.fromkeys(one[:2] for one in found))
    assert found == sorted(found, key=lambda one: (order.index(one[:2]), one[2]))


async def test_only_a_large_conversation_is_cut(conn: Connection) -> None:
    chunks = await read(conn)
    seen: set[tuple[str, str]] = set()
    for chunk in chunks:
        begun = {place(row)[:2] for row in chunk.rows[: chunk.begun]}
        others = {place(row)[:2] for row in chunk.rows[chunk.begun :]}
        assert not seen & others
        assert begun <= seen
        assert all(conversation == _LARGE for _, conversation in begun)
        seen |= others
    assert any(chunk.begun for chunk in chunks)
    assert max(len(chunk.rows) for chunk in chunks) <= 14


async def test_whoever_goes_on_behind_any_event_reads_the_rest(conn: Connection) -> None:
    found = places(await read(conn))
    for number in range(0, 160, 9):
        rest = await read(conn, behind=found[number])
        assert places(rest) == found[number + 1 :]
        same = [one[:2] == found[number][:2] for one in found[number + 1 :]]
        assert sum(chunk.begun for chunk in rest[:1]) == min(sum(same), len(rest[0].rows))


async def test_events_of_other_types_are_not_read(conn: Connection) -> None:
    found = await read(conn, types=_TYPES[:1])
    assert {row["type"] for chunk in found for row in chunk.rows} == {"message.sent"}
