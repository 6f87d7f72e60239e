"""Replays read the log and write read models: nobody is called, answered or queued for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
from redis.asyncio import Redis

from events.partitioning import stream_key
from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import OutboundPart
from tests.runtime.operators import Operator
from tests.turns.room import Room, room, worker

TABLES = """
    SELECT c.oid::regclass::text AS name FROM pg_class AS c
     WHERE c.relkind = 'r' AND (c.relnamespace = 'agent'::regnamespace
                                OR c.oid = 'runtime.outbox'::regclass)
     ORDER BY 1
"""


async def queues(url: str) -> dict[str, list[str]]:
    """All rows of the agent's tables and of the outbox, where they lie and by whom they were written."""
    conn = await asyncpg.connect(url)
    try:
        return {
            table: [
                row["row"]
                for row in await conn.fetch(
                    f"SELECT concat_ws(' ', t.ctid, t.xmin, t::text) AS row FROM {table} AS t"
                    " ORDER BY t.ctid"
                )
            ]
            for (table,) in await conn.fetch(TABLES)
        }
    finally:
        await conn.close()


async def entries(redis: Redis) -> list[int]:
    """How many entries were ever added to each stream."""
    streams = [stream_key(partition) for partition in range(16)]
    there = [key for key in streams if await redis.exists(key)]
    return [(await redis.xinfo_stream(key))["entries-added"] for key in there]


async def never_thinks(context: TurnContext) -> Decision:
    raise AssertionError(f"a model was asked: {context.question}")


async def never_sends(part: OutboundPart) -> None:
    raise AssertionError(f"a channel was given: {part.text}")


async def answered(there: Room, *texts: str) -> None:
    """The customer writes, and each message is answered."""
    for number, text in enumerate(texts):
        await there.write(text, conversation=f"c-{number}")
    await there.wait_quiet()


async def test_no_replay_calls_sends_or_queues_anything(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    operator = Operator(database_url, redis_url, tmp_path)
    await operator.begin()
    async with room(database_url, redis_url) as there, worker(there):
        await answered(there, "oi", "qual o preço?", "tchau")
        assert len(there.channels.sent) == len(there.mind.asked) == 3
        think: Any = there.mind.think
        there.mind.think, there.channels.before = never_thinks, never_sends
        before, added = await queues(database_url), await entries(there.redis)
        assert len(before["agent.inbox_v1"]) >= 3
        assert len(before["agent.turns"]) >= 3
        for words in (
            ("--all",),
            ("--all", "--dry-run"),
            ("--all", "--company", "acme"),
            ("--projection", "conversations", "--undo"),
            ("--to-file", str(tmp_path / "events.jsonl")),
        ):
            done = await operator.run("replay", *words)
            assert done.code == 0, (words, done.err)
            assert await queues(database_url) == before, words
            assert await entries(there.redis) == added, words
        assert (len(there.channels.sent), len(there.mind.asked)) == (3, 3)
        assert there.ears.faults == []
        there.mind.think, there.channels.before = think, None
        await answered(there, "voltei")
        assert len(there.channels.sent) == len(there.mind.asked) == 4
