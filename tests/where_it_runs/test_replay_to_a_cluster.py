"""The stream of a replay in a Redis Cluster: place and entries are in one slot."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from consumers.selection import Selection
from runtime.exporting.export import export
from runtime.exporting.pace import Pace
from runtime.exporting.stream_target import StreamTarget
from runtime.redis_client import redis_client
from tests.exporting.logs import many, write_log
from tests.exporting.test_file_target import Silent, Stopping, nap
from tests.where_it_runs.cluster_servers import Cluster


@pytest.mark.parametrize("key", ["history", "for:{reports}"])
async def test_a_stopped_replay_goes_on_in_a_cluster(
    database_url: str, cluster: Cluster, key: str
) -> None:
    conn = await asyncpg.connect(database_url)
    rows = await write_log(conn, many(200))
    redis = redis_client(cluster.url, timeout_s=10)
    pace = Pace(500, clock=lambda: 0.0, sleep=nap)
    first = StreamTarget(redis, key, run="first", sleep=asyncio.sleep)
    with pytest.raises(asyncio.CancelledError):
        await export(conn, Selection(), first, pace=pace, watch=Stopping(100))
    second = StreamTarget(redis, key, run="second", sleep=asyncio.sleep)
    await export(conn, Selection(), second, pace=pace, watch=Silent())
    await second.forget()
    entries: Any = await redis.xrange(key)
    assert [fields[b"event"].decode() for _, fields in entries] == [row.body for row in rows]
    assert await redis.exists(second.place) == 0
    await redis.aclose()
    await conn.close()
