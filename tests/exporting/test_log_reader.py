"""What is read of the log, and in which order."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from consumers.selection import EventNotLogged, Selection, slices
from runtime.exporting.log_reader import Limits, LogReader, count, fits
from runtime.exporting.state import Logged, Place, State
from tests.exporting.logs import BEGIN, Row, event, insert, many, write_log

SMALL = Limits(rows=64, size=16 * 2_000, span=3, widest=12)


async def read(
    conn: asyncpg.Connection,
    selection: Selection,
    *,
    after: dict[int, Place] | None = None,
    limits: Limits = SMALL,
) -> list[Logged]:
    reader = LogReader(conn, selection, await slices(conn, selection), limits=limits)
    found = [one async for batch in reader.batches(after or {}) for one in batch]
    assert reader.looked_at == reader.total
    return found


def places(events: list[Logged]) -> dict[int, Place]:
    return State.new(Selection(), ()).after(events).places


async def test_all_is_read_verbatim_in_the_order_of_recording(conn: asyncpg.Connection) -> None:
    spaced = json.dumps(event(1_000), indent=2) + "\n"
    rows = await write_log(conn, [*many(300), spaced])
    found = await read(conn, Selection())
    assert [x.body.decode() for x in found] == [row.body for row in rows]
    assert [x.event_id for x in await read(conn, Selection(), limits=Limits())] == [
        row.event_id for row in rows
    ]


async def test_a_partition_keeps_its_order_where_the_clock_went_back(
    conn: asyncpg.Connection,
) -> None:
    at = [BEGIN + timedelta(seconds=s) for s in (5, 1, 9, 2)]
    bodies = [json.dumps(event(n)) for n in range(1, 5)]
    rows = [
        Row(3, n, UUID(json.loads(b)["id"]), "message_received.text", "acme", "c-1", BEGIN, at_, b)
        for n, (at_, b) in enumerate(zip(at, bodies, strict=True), start=1)
    ]
    await insert(conn, rows)
    assert [x.position for x in await read(conn, Selection())] == [1, 2, 3, 4]


async def test_going_on_from_any_place_gives_the_rest(conn: asyncpg.Connection) -> None:
    await write_log(conn, many(200))
    whole = await read(conn, Selection())
    for cut in (0, 1, 17, 100, 199, 200):
        rest = await read(conn, Selection(), after=places(whole[:cut]))
        assert rest == whole[cut:]


@pytest.mark.parametrize("seed", range(3))
async def test_a_selection_gives_what_a_filter_gives(conn: asyncpg.Connection, seed: int) -> None:
    choice = random.Random(seed)
    types = ["message_received.text", "message.read", "lead.created"]
    bodies = [
        json.dumps(
            event(
                n,
                company=choice.choice(["acme", "bolt"]),
                conversation=choice.choice(["", "c-1", "c-2", "c-3"]),
                type_=choice.choice(types),
            )
        )
        for n in range(1, 150)
    ]
    rows = await write_log(conn, bodies)
    low, high = sorted(choice.sample(rows, 2), key=lambda row: row.recorded_at)
    wanted = Selection(
        company="acme", types=("lead.created", "message.read"), start=low.recorded_at
    )
    assert [x.event_id for x in await read(conn, wanted)] == [
        row.event_id
        for row in rows
        if row.company == "acme"
        and row.type in {"lead.created", "message.read"}
        and row.recorded_at >= low.recorded_at
    ]
    one = Selection(company="bolt", conversation="")
    assert [x.event_id for x in await read(conn, one)] == [
        row.event_id for row in rows if (row.company, row.conversation) == ("bolt", "")
    ]
    between = Selection(start=low.recorded_at, end=high.recorded_at)
    assert [x.event_id for x in await read(conn, between)] == [
        row.event_id for row in rows if low.recorded_at <= row.recorded_at < high.recorded_at
    ]
    counted = await count(conn, between, await slices(conn, between))
    assert counted.events == len(await read(conn, between))


async def test_an_event_as_a_bound_means_its_place_and_is_included(
    conn: asyncpg.Connection,
) -> None:
    rows = await write_log(conn, many(120))
    low, high = rows[30], rows[90]
    found = await read(conn, Selection.parse(start=str(low.event_id), end=str(high.event_id)))
    assert [x.event_id for x in found] == [row.event_id for row in rows[30:91]]


async def test_the_same_batch_in_other_partitions_counts_as_the_same_time(
    conn: asyncpg.Connection,
) -> None:
    text = "message_received.text"
    rows = [
        Row(p, n, UUID(int=p * 10 + n), text, "acme", "c", BEGIN, BEGIN, json.dumps(event(p)))
        for p in (1, 2)
        for n in (1, 2, 3)
    ]
    await insert(conn, rows)
    middle = Selection(start=UUID(int=12), end=UUID(int=12))
    found = await read(conn, middle)
    assert [(x.partition, x.position) for x in found] == [(1, 2), (2, 1), (2, 2), (2, 3)]


async def test_occurred_at_is_another_clock(conn: asyncpg.Connection) -> None:
    rows = await write_log(conn, many(50))
    given = "2026-11-02T12:00:20Z"
    found = await read(conn, Selection.parse(start=given, by="occurred_at"))
    assert [x.event_id for x in found] == [row.event_id for row in rows[19:]]


async def test_an_event_that_is_not_there_is_named(conn: asyncpg.Connection) -> None:
    await write_log(conn, many(3))
    with pytest.raises(EventNotLogged) as told:
        await slices(conn, Selection(start=UUID(int=7)))
    assert told.value.field == "from"


async def test_an_event_in_two_partitions_is_no_place(conn: asyncpg.Connection) -> None:
    (row,) = await write_log(conn, many(1))
    other = (row.partition + 1) % 16
    await insert(
        conn,
        [Row(other, 1, row.event_id, row.type, "acme", "x", BEGIN, BEGIN, row.body)],
    )
    with pytest.raises(EventNotLogged, match="give a time"):
        await slices(conn, Selection(end=row.event_id))


async def test_what_comes_after_the_start_is_not_read(conn: asyncpg.Connection) -> None:
    rows = await write_log(conn, many(40))
    fixed = await slices(conn, Selection())
    last = rows[-1]
    await insert(
        conn,
        [
            Row(
                *(last.partition, last.position + 1, UUID(int=1), last.type, "acme", "c"),
                *(BEGIN, BEGIN, last.body),
            )
        ],
    )
    reader = LogReader(conn, Selection(), fixed)
    assert sum([len(batch) async for batch in reader.batches({})]) == 40


async def test_large_bodies_come_in_small_pages(conn: asyncpg.Connection) -> None:
    rows = await write_log(conn, [json.dumps(event(n, text="x" * 100_000)) for n in range(1, 21)])
    fixed = await slices(conn, Selection())
    statements: list[str] = []
    conn.add_query_logger(lambda record: statements.append(record.query))
    reader = LogReader(conn, Selection(), fixed, limits=Limits(size=250_000))
    found = [x async for batch in reader.batches({}) for x in batch]
    assert [x.event_id for x in found] == [row.event_id for row in rows]
    await asyncio.sleep(0)  # asyncpg tells its loggers in the loop's next round
    assert len(statements) == 7


async def test_a_batch_of_large_bodies_is_cut_by_their_size(conn: asyncpg.Connection) -> None:
    await write_log(conn, [json.dumps(event(n, text="x" * 200_000)) for n in range(1, 51)])
    reader = LogReader(conn, Selection(), await slices(conn, Selection()))
    assert [len(batch) async for batch in reader.batches({})] == [21, 21, 8]


async def test_a_conversation_is_read_by_its_index(conn: asyncpg.Connection) -> None:
    await write_log(conn, many(3_000, conversations=400))
    await conn.execute("ANALYZE runtime.event_log")
    statements: list[tuple[str, tuple[object, ...]]] = []
    conn.add_query_logger(lambda record: statements.append((record.query, record.args)))
    found = await read(conn, Selection(company="acme", conversation="c-5"), limits=Limits())
    assert len(found) == 8
    await asyncio.sleep(0)
    pages = [one for one in statements if "bytes_before" in one[0]]
    ((query, given),) = pages
    plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {query}", *given))
    assert "event_log_by_conversation" in plan


async def test_a_log_that_is_another_is_noticed(conn: asyncpg.Connection) -> None:
    await write_log(conn, many(20))
    found = await read(conn, Selection())
    reached = places(found)
    assert await fits(conn, reached)
    partition, place = next(iter(reached.items()))
    assert not await fits(conn, {**reached, partition: Place(place.position, UUID(int=1))})
    assert not await fits(conn, {**reached, partition: Place(10**6, place.event_id)})


async def test_what_publish_would_refuse_is_read_and_told(conn: asyncpg.Connection) -> None:
    unknown = {**event(1), "type": "invoice.paid"}
    newer = {**event(2), "version": 9}
    await write_log(conn, [json.dumps(x) for x in (unknown, newer, event(3))])
    found = await read(conn, Selection())
    assert [x.refusal and x.refusal.partition(":")[0] for x in found] == [
        "unknown_type",
        "newer_version",
        None,
    ]
