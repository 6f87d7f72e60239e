"""A read model that is behind its group is fed from the log and joins the live transactions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_exactly_once import check, corpus_lines, publish

BEHIND = """
    SELECT count(*) FROM runtime.projection_checkpoints AS p
      JOIN runtime.projections AS r ON r.name = p.projection
      JOIN runtime.checkpoints AS g ON g.group_name = r.group_name AND g.partition = p.partition
     WHERE r.group_name = 'projections' AND p.position <> g.position
"""


async def test_a_read_model_emptied_behind_its_group_catches_up_while_events_come(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    lines = corpus_lines(corpus)
    async with member(database_url, redis_url, member_id="before"):
        await publish(redis_url, lines[:12_000])
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    await conn.execute("TRUNCATE projections.conversations_v1")
    await conn.execute(
        "UPDATE runtime.projection_checkpoints SET position = 0, applied = 0, filtered = 0"
        " WHERE projection = 'conversations'"
    )
    async with member(database_url, redis_url, member_id="after"):
        await publish(redis_url, lines[12_000:])
        await wait_caught_up(database_url, redis_url)
        async with asyncio.timeout(60):
            while await conn.fetchval(BEHIND):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.02)
    unbalanced = await conn.fetchval(
        "SELECT count(*) FROM runtime.projection_checkpoints"
        " WHERE position <> applied + filtered + parked + discarded"
    )
    await conn.close()
    await check(database_url, corpus)
    assert unbalanced == 0
