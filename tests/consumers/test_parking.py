"""An event that a projection refuses stops its conversation there, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

import consumers.upkeep
import events.codec
import projections.fingerprints
from consumers.groups import PROJECTIONS
from events.catalogue import CATALOGUE, EventType
from events.catalogue.messages import MessageReceivedText
from events.envelope import RecordedEvent
from events.partitioning import partition_of, stream_key
from events.upcasters import UPCASTERS
from projections.projection import Changes, Projection, State, Table, Touched
from tests.consumers.choosy import (
    SICK,
    account,
    answer,
    ask,
    choosy,
    group_with,
    leave_to_requests,
    messages,
)
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_dead_letters import body
from tests.consumers.test_exactly_once import publish


@dataclass(frozen=True)
class Refusing:
    """A projection whose fold fails on a text."""

    inner: Projection

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def version(self) -> int:
        return self.inner.version

    @property
    def reads(self) -> frozenset[str]:
        return self.inner.reads

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.inner.tables

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        return self.inner.touch(events)

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        if any(getattr(r.event.payload, "text", None) == "veneno" for r in events):
            raise KeyError("veneno")
        return self.inner.fold(state, events)


GROUP = replace(
    PROJECTIONS,
    projections=tuple(
        Refusing(p) if p.name == "conversations" else p for p in PROJECTIONS.projections
    ),
)


async def send(redis: Redis, number: int, conversation: str, text: str) -> None:
    event = body(number, conversation_id=conversation)
    event["payload"] = {**event["payload"], "text": text}  # type: ignore[dict-item]
    partition = partition_of("acme", conversation, 16)
    await redis.xadd(stream_key(partition), {"event": orjson.dumps(event)})


async def test_a_refused_event_parks_its_conversation_for_that_projection_only(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    others = [f"c{n}" for n in range(40)]
    for number, conversation in enumerate(others):
        await send(redis, 100 + number, conversation, "oi")
    for number, text in enumerate(["oi", "veneno", "alô?", "tem alguém?"]):
        await send(redis, number, "poisoned", text)
    async with member(database_url, redis_url, group=GROUP):
        await wait_caught_up(database_url, redis_url)
        await send(redis, 4, "poisoned", "ainda aqui")
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    parked = await conn.fetch(
        "SELECT projection, conversation_id, event_id::text AS id, reason"
        " FROM runtime.parked ORDER BY position"
    )
    rows = await conn.fetch("SELECT conversation_id, received_count FROM projections.conversations")
    received = {row[0]: row[1] for row in rows}
    transcript = await conn.fetchval(
        "SELECT count(*) FROM projections.messages WHERE conversation_id = 'poisoned'"
    )
    unbalanced = await conn.fetch(
        "SELECT projection FROM runtime.projection_checkpoints"
        " WHERE position <> applied + filtered + parked + discarded"
    )
    await conn.close()
    assert [tuple(row) for row in parked] == [
        ("conversations", "poisoned", str(body(1)["id"]), "projection_refused"),
        ("conversations", "poisoned", str(body(2)["id"]), "follows_parked"),
        ("conversations", "poisoned", str(body(3)["id"]), "follows_parked"),
        ("conversations", "poisoned", str(body(4)["id"]), "follows_parked"),
    ]
    assert received == {**dict.fromkeys(others, 1), "poisoned": 1}
    assert transcript == 5
    assert unbalanced == []


async def test_a_newer_version_waits_and_its_followers_with_it(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    newer = body(1, version=99, payload={"shape": "from the future"})
    partition = partition_of("acme", str(newer["conversation_id"]), 16)
    for event in (body(0), newer, body(2)):
        await redis.xadd(stream_key(partition), {"event": orjson.dumps(event)})
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    logged = await conn.fetchval("SELECT count(*) FROM runtime.event_log")
    parked = await conn.fetch(
        "SELECT event_id::text AS id, reason FROM runtime.parked"
        " WHERE projection = 'conversations' ORDER BY position"
    )
    received = await conn.fetchval("SELECT received_count FROM projections.conversations")
    await conn.close()
    assert logged == 3
    assert [tuple(row) for row in parked] == [
        (newer["id"], "newer_version"),
        (body(2)["id"], "follows_parked"),
    ]
    assert received == 1


class TextInVersion2(MessageReceivedText):
    """What a later build knows: a second version with an attribute that it must have."""

    mood: str


def learn_version_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process becomes the build that knows message_received.text version 2."""
    name = "message_received.text"
    known = EventType(name, MappingProxyType({1: MessageReceivedText, 2: TextInVersion2}))
    for module in (events.codec, projections.fingerprints):
        monkeypatch.setattr(module, "CATALOGUE", MappingProxyType({**CATALOGUE, name: known}))
    monkeypatch.setitem(UPCASTERS, (name, 1), lambda payload: {**payload, "mood": "calm"})
    monkeypatch.setattr(consumers.upkeep, "_SLOWLY_S", 0.05)


async def test_the_first_build_that_knows_a_newer_version_drains_it_without_being_asked(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = Redis.from_url(redis_url)
    first, newer = body(0), body(1, version=2)
    newer["payload"] = {**newer["payload"], "mood": "angry"}  # type: ignore[dict-item]
    key = stream_key(partition_of("acme", str(newer["conversation_id"]), 16))
    for event in (first, newer, body(2)):
        await redis.xadd(key, {"event": orjson.dumps(event)})
    conn = await asyncpg.connect(database_url)
    waiting = "SELECT count(*) FROM runtime.parked"
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
        assert await conn.fetchval(waiting) > 0
    learn_version_2(monkeypatch)
    async with member(database_url, redis_url), asyncio.timeout(60):
        while await conn.fetchval(waiting):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    received = await conn.fetchval("SELECT received_count FROM projections.conversations")
    texts = await conn.fetch("SELECT text FROM projections.messages ORDER BY message_id")
    await conn.close()
    await redis.aclose()
    assert received == 3
    assert [row[0] for row in texts] == ["oi 0", "oi 1", "oi 2"]


async def test_a_row_that_postgres_refuses_is_parked_and_drained_once_it_is_accepted(
    database_url: str, redis_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute(
        "ALTER TABLE projections.messages_v1 ADD CONSTRAINT no_poison CHECK (text <> 'veneno')"
    )
    others = [m for n in range(50) for m in messages(f"c{n}", "oi", "alô", first=100 + 2 * n)]
    await publish(redis_url, [*others[:50], *messages(SICK, "oi", "veneno", "a"), *others[50:]])
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(conn)
        reasons = await conn.fetch("SELECT reason, detail FROM runtime.parked ORDER BY position")
        assert await account(conn, "messages") == (101, 2, 0)
        still_refused, _ = await answer(conn, await ask(conn, projection="messages"))
        await conn.execute("ALTER TABLE projections.messages_v1 DROP CONSTRAINT no_poison")
        assert await answer(conn, await ask(conn, projection="messages")) == ("drained", 2)
        assert await account(conn, "messages") == (103, 0, 0)
    await conn.close()
    assert [row["reason"] for row in reasons] == ["projection_refused", "follows_parked"]
    assert "no_poison" in reasons[0]["detail"]
    # What becomes of a retry is logged: no place for what the customer wrote.
    assert still_refused == f"still_refused: {reasons[0]['detail']}"
    assert "veneno" not in still_refused


async def test_an_event_may_wait_for_two_projections_and_come_back_to_each_apart(
    database_url: str, redis_url: str
) -> None:
    one, other = choosy("conversations"), choosy("messages")
    await publish(redis_url, messages(SICK, "oi", "veneno", "a", "b"))
    conn = await asyncpg.connect(database_url)
    async with member(database_url, redis_url, group=group_with(other, group_with(one))):
        await wait_caught_up(database_url, redis_url)
        await leave_to_requests(conn)
        assert [await account(conn, p.name) for p in (one, other)] == [(1, 3, 0)] * 2
        one.refused.clear()
        assert await answer(conn, await ask(conn)) == ("drained", 3)
        assert [await account(conn, p.name) for p in (one, other)] == [(4, 0, 0), (1, 3, 0)]
        other.refused.clear()
        assert await answer(conn, await ask(conn, projection="messages")) == ("drained", 3)
        assert await account(conn, "messages") == (4, 0, 0)
    await conn.close()
    # What was folded in a batch that another projection refused was rolled back and came again.
    assert sorted({*one.folded}) == sorted({*other.folded}) == [1, 2, 3, 4]
