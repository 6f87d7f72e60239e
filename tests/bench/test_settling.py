"""What a measurement leaves servers to do is done before the next one."""

from __future__ import annotations

import asyncpg
from redis.asyncio import Redis

from runtime.bench.servers import bench_servers
from tests.bench.test_scenarios import settings


async def test_servers_that_start_anew_have_written_what_was_dirty(
    empty_database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    conn = await asyncpg.connect(empty_database_url)

    async def checkpoints() -> int:
        await conn.execute("SELECT pg_stat_clear_snapshot()")
        return int(await conn.fetchval("SELECT num_requested FROM pg_stat_checkpointer"))

    before, rewritten = await checkpoints(), (await redis.info("persistence"))["aof_rewrites"]
    async with bench_servers(settings(empty_database_url, redis_url)) as servers:
        await servers.start_anew()
        told = await redis.info("persistence")
        assert told["aof_rewrites"] == rewritten + 1
        assert not told["aof_rewrite_in_progress"]
        assert await checkpoints() > before
    await conn.close()
    await redis.aclose()
