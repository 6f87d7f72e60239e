"""The number of partitions, recorded in Postgres and in Redis; who disagrees must not start."""

from __future__ import annotations

import asyncpg

from consumers.errors import faults_translated
from consumers.redis_clients import RedisClient
from events.errors import PartitionsDisagree
from events.partitioning import topology_key
from projections.statements import statements

_SQL = statements("consumers", "topology.sql")


async def record_topology(
    conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, redis: RedisClient
) -> int:
    """Copy the recorded number of partitions from Postgres to Redis, where producers look.

    Returns the number. An empty or flushed Redis gets it again; one that says otherwise is refused.

    Raises:
        PartitionsDisagree: Postgres has no record, or Redis records another number.
    """
    row = await conn.fetchrow(_SQL["recorded"])
    if row is None:
        raise PartitionsDisagree(ours=0, recorded=None, where="Postgres (runtime.topology)")
    key = topology_key(row["stream_prefix"])
    await redis.hsetnx(key, "partitions", str(row["partitions"]))
    await redis.hsetnx(key, "epoch", str(row["epoch"]))
    found = await redis.hget(key, "partitions")
    if found is None or int(found) != row["partitions"]:
        raise PartitionsDisagree(
            ours=row["partitions"],
            recorded=int(found) if found is not None else None,
            where=f"Redis ({key})",
        )
    return int(row["partitions"])


async def restore_topology(pool: asyncpg.Pool, redis: RedisClient) -> None:
    """Record the number of partitions again in a Redis that may have lost it."""
    with faults_translated():
        async with pool.acquire() as conn:
            await record_topology(conn, redis)


async def verify_topology(
    conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, *, partitions: int, prefix: str
) -> None:
    """Hold this program's settings against the record in Postgres.

    Raises:
        PartitionsDisagree: another number or prefix is recorded, or none.
    """
    row = await conn.fetchrow(_SQL["recorded"])
    if row is None or row["partitions"] != partitions or row["stream_prefix"] != prefix:
        raise PartitionsDisagree(
            ours=partitions,
            recorded=row["partitions"] if row is not None else None,
            where="Postgres (runtime.topology)",
        )
