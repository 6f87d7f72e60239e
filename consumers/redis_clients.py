"""Redis clients by purpose; made by `runtime`, used here.

One client for all purposes loses entries: redis-py re-sends any command after its time-out, and a
`XREADGROUP` sent twice leaves the first answer in the pending list, unread.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster

RedisClient = Redis | RedisCluster
"""One server (or the master that Sentinel names), or a cluster: the same commands on one key."""


@dataclass(frozen=True, slots=True)
class RedisClients:
    """Each with the time-out and retries that suit it."""

    reading: RedisClient
    """Blocking reads: socket time-out above `block_ms`, no retries."""
    commands: RedisClient
    """Everything idempotent: XRANGE, XPENDING, XACK, XINFO; a few retries, short time-out."""
