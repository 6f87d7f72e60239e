"""How live traffic does while a rebuild goes on beside it."""

from __future__ import annotations

import asyncpg
from redis.exceptions import RedisClusterException, RedisError

from consumers.rebuild.pace import LiveLook
from consumers.redis_clients import RedisClient
from runtime.queries.standings import standings


async def look(pool: asyncpg.Pool, redis: RedisClient, *, group: str, prefix: str) -> LiveLook:
    """The group's oldest unread entry, and whether nobody living owns any partition.

    Without an answer from Redis the lag is not known, and somebody may live.
    """
    async with pool.acquire() as conn:
        try:
            found = [one for one in await standings(conn, redis, prefix) if one.group == group]
        except (RedisError, RedisClusterException):
            return LiveLook(alone=False, lag_s=None)
    ages = [one.lag_s for one in found if one.lag != 0]
    known = [age for age in ages if age is not None]
    lag_s = None if len(known) < len(ages) else max(known, default=0.0)
    return LiveLook(alone=not any(one.alive for one in found), lag_s=lag_s)
