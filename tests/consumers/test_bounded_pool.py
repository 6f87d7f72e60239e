"""A share of a pool: who has used it up waits, and leaves the rest to others."""

from __future__ import annotations

import asyncio

import asyncpg

from consumers.bounded_pool import bounded


async def test_no_more_connections_are_in_use_at_once_than_the_share(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=4, max_size=4) as pool:
        share, others = bounded(pool, within_s=60, at_once=2), bounded(pool, within_s=60)
        async with asyncio.timeout(60), share.acquire():
            async with share.acquire():
                third = asyncio.create_task(share.fetchval("SELECT 3"), name="third")
                for _ in range(5):
                    assert await others.fetchval("SELECT 1") == 1
                assert not third.done()
                assert pool.get_idle_size() == 2
            assert await third == 3
