"""Both versions of an event in one log, and builds of before and after a version in one deploy."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

import consumers.upkeep
import events.codec
import projections.fingerprints
from consumers.groups import AGENT
from events.catalogue import CATALOGUE, EventType
from events.partitioning import partition_of, stream_key
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_exactly_once import publish
from tests.examples import body

BUMPED = ("message.failed", "rag.retrieved", "rag.no_match", "rag.failed")
WAITING = "SELECT projection, reason, count(*) FROM runtime.parked GROUP BY 1, 2 ORDER BY projection, reason"


def in_version(version: int, type_: str, number: int, conversation: str) -> bytes:
    """What a producer of that version sends; both mean the same."""
    sent = {**body(type_, number), "version": version, "conversation_id": conversation}
    payload: dict[str, Any] = dict(sent["payload"])
    if type_ == "message.failed":
        payload |= {1: {"reason": "131026: gone"}, 2: {"reason": "131026", "detail": "gone"}}[
            version
        ]
    elif version == 1:
        payload["ms"] = payload.pop("duration_ms")
    return orjson.dumps({**sent, "payload": payload})


def story(conversation: str, version: int, first: int) -> list[bytes]:
    """A message that goes out and fails, and three retrievals."""
    told = {**body("message.sent", first), "conversation_id": conversation}
    told["payload"] = {k: v for k, v in told["payload"].items() if k != "by"}
    later = [in_version(version, t, first + n, conversation) for n, t in enumerate(BUMPED, 1)]
    return [orjson.dumps(told), *later]


async def rows_of(conn: asyncpg.Connection, conversation: str) -> list[tuple[Any, ...]]:
    queries = await conn.fetch(
        "SELECT query, outcome, mode, hits, best_score, reason, ms FROM projections.rag_queries"
        " WHERE conversation_id = $1 ORDER BY asked_at, event_id",
        conversation,
    )
    messages = await conn.fetch(
        "SELECT message_id, direction, kind, text, status FROM projections.messages"
        " WHERE conversation_id = $1",
        conversation,
    )
    reports = await conn.fetch(
        "SELECT kind, message_id, text FROM agent.channel_reports"
        " WHERE conversation_id = $1 ORDER BY occurred_at, event_id",
        conversation,
    )
    return [tuple(row) for row in (*queries, *messages, *reports)]


async def test_a_log_of_both_versions_gives_the_same_rows_for_both(
    database_url: str, redis_url: str
) -> None:
    await publish(redis_url, [*story("old", 1, 10), *story("new", 2, 20)])
    mixed = story("mixed", 1, 30)
    mixed[2:4] = story("mixed", 2, 30)[2:4]
    await publish(redis_url, mixed)
    async with (
        member(database_url, redis_url),
        member(database_url, redis_url, group=AGENT, member_id="agent"),
    ):
        await wait_caught_up(database_url, redis_url)
        await wait_caught_up(database_url, redis_url, group="agent")
    conn = await asyncpg.connect(database_url)
    logged = await conn.fetch(
        "SELECT DISTINCT version FROM runtime.event_log WHERE type = 'rag.retrieved' ORDER BY 1"
    )
    found = [await rows_of(conn, conversation) for conversation in ("old", "new", "mixed")]
    waiting = await conn.fetch(WAITING)
    await conn.close()
    assert [row[0] for row in logged] == [1, 2]
    assert found[0] == found[1] == found[2]
    assert [row[-1] for row in found[0][:3]] == [20, 20, 20]
    assert ("out-1", "out", "text", "olá", "failed") in found[0]
    assert len(found[0]) == 6
    assert waiting == []


def become_the_build_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process knows the bumped types in version 1 alone, until the patches are undone."""
    older = {
        name: EventType(name, MappingProxyType({1: CATALOGUE[name].versions[1]})) for name in BUMPED
    }
    for module in (events.codec, projections.fingerprints):
        monkeypatch.setattr(module, "CATALOGUE", MappingProxyType({**CATALOGUE, **older}))


async def test_the_build_before_parks_the_new_version_and_the_new_build_drains_it(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers.upkeep, "_SLOWLY_S", 0.05)
    redis = Redis.from_url(redis_url)
    key = stream_key(partition_of("acme", "new", 16))
    other = {**body("message_received.text", 1), "conversation_id": "other"}
    for raw in story("new", 2, 20):
        await redis.xadd(key, {"event": raw})
    await publish(redis_url, [orjson.dumps(other)])
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    with monkeypatch.context() as before:
        become_the_build_before(before)
        async with (
            member(database_url, redis_url, member_id="before"),
            member(database_url, redis_url, group=AGENT, member_id="agent before"),
        ):
            await wait_caught_up(database_url, redis_url)
            await wait_caught_up(database_url, redis_url, group="agent")
        parked = {(row[0], row[1]): row[2] for row in await conn.fetch(WAITING)}
        assert await conn.fetchval("SELECT count(*) FROM runtime.event_log") == 6
        received = await conn.fetchval("SELECT sum(received_count) FROM projections.conversations")
    async with (
        member(database_url, redis_url, member_id="after"),
        member(database_url, redis_url, group=AGENT, member_id="agent after"),
        asyncio.timeout(60),
    ):
        while await conn.fetchval("SELECT count(*) FROM runtime.parked"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    found = await rows_of(conn, "new")
    await conn.close()

    assert received == 1, "other conversations flow"
    assert parked == {
        ("messages", "newer_version"): 1,
        ("channel_reports", "newer_version"): 1,
        ("daily_counts", "newer_version"): 1,
        ("daily_counts", "follows_parked"): 3,
        ("rag_queries", "newer_version"): 1,
        ("rag_queries", "follows_parked"): 2,
    }
    assert [row[-1] for row in found[:3]] == [20, 20, 20]
    assert ("out-1", "out", "text", "olá", "failed") in found
    assert len(found) == 6
