"""Folding in memory gives the rows that the engine writes, and stops where the engine stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers import projector
from consumers.folded import fold_all
from consumers.groups import PROJECTIONS
from consumers.logged_events import from_log
from events.envelope import RecordedEvent
from events.partitioning import partition_of, stream_key
from events.payload import NewerVersion, Unreadable
from projections.migrate import physical_name
from projections.projection import Projection
from projections.registry import by_name
from tests.consumers.choosy import choosy, group_with
from tests.consumers.members import member, wait_caught_up
from tests.history.material import generated
from tests.projections.spec import event
from tests.projections.test_laws import rich_sequence
from tests.runtime.operators import POISON

each_read_model = pytest.mark.parametrize(
    "projection", PROJECTIONS.projections, ids=lambda projection: projection.name
)


def text(number: int, text: str = "oi", conversation: str = "c-1") -> RecordedEvent:
    return event(
        *("message_received.text", conversation),
        number=number,
        message_id=f"m-{number}",
        text=text,
    )


def parked(folded: Any) -> list[tuple[int, str]]:
    return [(one.recorded.position, one.reason) for one in folded.parked]


@each_read_model
@pytest.mark.parametrize("page", [1, 3, 1000])
def test_pages_change_no_row(projection: Projection, page: int) -> None:
    events = rich_sequence()
    whole, paged = (
        fold_all(projection, events, page=10_000),
        fold_all(projection, events, page=page),
    )
    assert paged == whole
    assert whole.applied == sum(r.event.type in projection.reads for r in events)


def test_a_refused_event_stops_its_conversation_alone() -> None:
    sick = choosy("conversations")
    events = [text(1), text(2, "veneno"), text(3), text(4, conversation="c-2"), text(5)]
    for page in (1, 2, 100):
        folded = fold_all(sick, events, page=page)
        rows = folded.rows["conversations"]
        assert {key[1]: row.received_count for key, row in rows.items()} == {"c-1": 1, "c-2": 1}
        assert parked(folded) == [
            (2, "projection_refused"),
            (3, "follows_parked"),
            (5, "follows_parked"),
        ]
        assert "KeyError" in folded.parked[0].detail
        assert folded.applied == 2


def test_a_row_that_cannot_be_json_is_refused_as_the_write_would_be() -> None:
    class Unspeakable(type(by_name("leads"))):  # type: ignore[misc]
        def fold(self, state: Any, events: Any) -> Any:
            changes = super().fold(state, events)
            return {
                "leads": {k: replace(r, facts={"x": 2**70}) for k, r in changes["leads"].items()}
            }

    folded = fold_all(Unspeakable(), [event("lead.created", number=1)])
    assert (folded.rows["leads"], parked(folded)) == ({}, [(1, "projection_refused")])


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (NewerVersion.model_construct(raw={}), "newer_version"),
        (Unreadable(reason="broken"), "no_longer_decodes"),
    ],
)
def test_what_this_build_cannot_read_stops_its_conversation(payload: Any, reason: str) -> None:
    bad = text(2)
    bad = bad._replace(event=bad.event._replace(payload=payload))
    unread = bad._replace(position=1, event=bad.event._replace(type="lead.created"))
    folded = fold_all(by_name("conversations"), [unread, text(1), bad, text(3)])
    assert parked(folded) == [(2, reason), (3, "follows_parked")]
    assert folded.applied == 1


def test_a_row_that_a_fold_deletes_is_gone() -> None:
    class Forgetful(type(by_name("conversations"))):  # type: ignore[misc]
        def fold(self, state: Any, events: Any) -> Any:
            changes = super().fold(state, events)
            gone = any(r.event.type == "contact.erased" for r in events)
            return {
                "conversations": dict.fromkeys(changes["conversations"])
                if gone
                else {**changes["conversations"]}
            }

    events = [text(1), event("contact.erased", number=2)]
    assert fold_all(Forgetful(), events, page=1).rows == {"conversations": {}}
    assert len(fold_all(Forgetful(), events[:1]).rows["conversations"]) == 1


async def test_the_rows_and_the_parked_are_those_of_a_running_engine(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    for number, body in enumerate(generated(7, 2500)):
        if body["type"] == "message_received.text" and number % 100 < 10 and "payload" in body:
            body["payload"]["text"] = POISON if number % 100 == 0 else "oi"
        key = stream_key(partition_of(body["company_id"], body["conversation_id"], 16))
        await redis.xadd(key, {"event": orjson.dumps(body)})
    await redis.aclose()
    group = group_with(choosy("messages"))
    async with member(database_url, redis_url, group=group):
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    rows = await conn.fetch(
        "SELECT *, body::text AS text FROM runtime.event_log ORDER BY partition, position"
    )
    events = [from_log({**row, "body": row["text"]}, row["partition"]) for row in rows]  # type: ignore[arg-type]
    assert len(events) > 2000
    for projection in group.projections:
        folded = fold_all(projection, events, page=300)
        assert folded.rows == await standing(conn, projection)
        assert await waiting(conn, projection.name) == [
            (one.recorded.partition, one.recorded.position, one.reason) for one in folded.parked
        ]
    assert len(await waiting(conn, "messages")) > 100
    await conn.close()


async def standing(conn: asyncpg.Connection, projection: Projection) -> Mapping[str, Any]:
    tables = {}
    for table in projection.tables:
        name = f"{table.schema}.{physical_name(table, projection.version)}"
        rows = [projector._row(table, r) for r in await conn.fetch(f"SELECT * FROM {name}")]
        tables[table.name] = {table.key_of(row): row for row in rows}
    return tables


async def waiting(conn: asyncpg.Connection, name: str) -> list[tuple[Any, ...]]:
    rows = await conn.fetch(
        "SELECT partition, position, reason FROM runtime.parked WHERE projection = $1"
        " AND group_name = 'projections' ORDER BY 1, 2",
        name,
    )
    return [tuple(row) for row in rows]
