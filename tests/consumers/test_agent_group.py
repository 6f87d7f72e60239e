"""The group `agent`: its own rows, its own dedup basis, beside the read models' group."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.groups import AGENT
from consumers.seen_basis import forget_seen
from events.partitioning import partition_of, stream_key
from tests.consumers.members import AMONG_THE_DYING, member, start_victim, wait_caught_up
from tests.consumers.test_dead_letters import body
from tests.consumers.test_exactly_once import corpus_lines, kill_when_frozen, publish
from tests.oracle import check_read_models

INBOX = "SELECT count(*), count(DISTINCT event_id) FROM agent.inbox"


async def test_both_groups_take_the_corpus_each_exactly_once(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    lines = corpus_lines(corpus)
    inbound = sum(1 for line in lines if orjson.loads(line)["type"].startswith("message_received."))
    async with (
        member(database_url, redis_url),
        member(database_url, redis_url, group=AGENT, member_id="agent"),
    ):
        await publish(redis_url, lines)
        await publish(redis_url, lines[:5000])
        await wait_caught_up(database_url, redis_url)
        await wait_caught_up(database_url, redis_url, group="agent", within_s=120)
    conn = await asyncpg.connect(database_url)
    await check_read_models(conn, corpus)
    assert [tuple(row) for row in await conn.fetch(INBOX)] == [(inbound, inbound)]
    duplicates = await conn.fetchval(
        "SELECT sum(duplicate) FROM runtime.checkpoints WHERE group_name = 'agent'"
    )
    seen = await conn.fetchval("SELECT count(*) FROM agent.seen_events")
    await conn.close()
    assert (duplicates, seen) == (5000, len(lines))


async def test_a_kill_between_read_and_commit_changes_nothing_for_the_agent(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    lines = corpus_lines(corpus)[:4000]
    inbound = sum(1 for line in lines if orjson.loads(line)["type"].startswith("message_received."))
    await publish(redis_url, lines)
    for point in ("before_commit", "before_ack"):
        victim = await start_victim(database_url, redis_url, freeze_at=point, group="agent")
        assert await kill_when_frozen(victim, point)
    async with member(
        database_url, redis_url, group=AGENT, member_id="survivor", settings=AMONG_THE_DYING
    ):
        await wait_caught_up(database_url, redis_url, group="agent")
    conn = await asyncpg.connect(database_url)
    assert [tuple(row) for row in await conn.fetch(INBOX)] == [(inbound, inbound)]
    disordered = await conn.fetchval(
        "SELECT count(*) FROM (SELECT occurred_at < lag(occurred_at) OVER"
        " (PARTITION BY company_id, conversation_id ORDER BY position) AS back"
        " FROM agent.inbox) AS o WHERE back"
    )
    await conn.close()
    assert disordered == 0


async def test_an_id_with_another_body_is_a_conflict_and_another_spelling_is_not(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    event = body(1)
    key = stream_key(partition_of("acme", str(event["conversation_id"]), 16))
    spelled = orjson.dumps(dict(reversed(event.items())), option=orjson.OPT_INDENT_2)
    other = {**event, "source": "somebody-else"}
    async with member(database_url, redis_url, group=AGENT, member_id="agent"):
        await redis.xadd(key, {"event": orjson.dumps(event)})
        await wait_caught_up(database_url, redis_url, group="agent")
        await redis.xadd(key, {"event": spelled})
        await redis.xadd(key, {"event": orjson.dumps(other)})
        await wait_caught_up(database_url, redis_url, group="agent")
    await redis.aclose()
    conn = await asyncpg.connect(database_url)
    row = await conn.fetchrow(
        "SELECT sum(applied)::int, sum(duplicate)::int, sum(dead)::int FROM runtime.checkpoints"
        " WHERE group_name = 'agent'"
    )
    reasons = await conn.fetch("SELECT group_name, reason FROM runtime.dead_letters")
    await conn.close()
    assert row is not None
    assert tuple(row) == (1, 1, 1)
    assert [tuple(r) for r in reasons] == [("agent", "id_conflict")]


async def test_old_ids_are_forgotten_and_young_ones_kept(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    await pool.execute(
        "INSERT INTO runtime.seen_events (group_name, partition, event_id, body_hash, entry_id,"
        " seen_at) SELECT 'agent', 3, gen_random_uuid(), '', '1-1',"
        " now() - make_interval(hours => (n % 4) * 100) FROM generate_series(1, 12000) AS n"
    )
    gone = await forget_seen(pool, "agent", [3, 4], older_than_s=150 * 3600)
    left = await pool.fetchval("SELECT count(*) FROM agent.seen_events")
    await pool.close()
    assert (gone, left) == (6000, 6000)
