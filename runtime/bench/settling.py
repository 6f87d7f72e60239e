"""Waits until servers have done what an earlier measurement left them to do.

Redis frees what was deleted in the background, and rewrites its log when that has grown; Postgres vacuums
tables that have grown, and writes what is dirty at its next checkpoint. It would fall to whatever is
measured by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncpg
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from consumers.redis_clients import RedisClient
from projections.statements import statements

_SQL = statements("runtime.bench", "servers.sql")
_BEHIND = (
    *("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress"),
    "lazyfree_pending_objects",
)
"""What Redis tells about work of its own that goes on beside its commands'."""
_LOOK_AGAIN_S = 0.01


async def settle_redis(redis: RedisClient, *, within_s: float = 10) -> None:
    """Have it rewrite its log, and wait for that and for what it frees; a cluster is left alone.

    What takes longer than `within_s` is not waited for any more.
    """
    if isinstance(redis, RedisCluster):
        return
    # Not every server lets its clients, nor has to.
    with suppress(ResponseError):
        await redis.bgrewriteaof()
    for _ in range(round(within_s / _LOOK_AGAIN_S)):
        if not _is_busy(await redis.info("all")):
            break
        await asyncio.sleep(_LOOK_AGAIN_S)


async def settle_postgres(db: asyncpg.Connection) -> None:
    """Have it vacuum and write what is dirty, where it lets us."""
    await db.execute(_SQL["vacuum"])
    with suppress(asyncpg.InsufficientPrivilegeError):
        await db.execute(_SQL["write what is dirty"])


def _is_busy(info: Mapping[str, Any]) -> bool:
    return any(info.get(name, 0) for name in _BEHIND)
