"""Reading several streams of a cluster: what is waited for is lost by no interruption."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import orjson
import pytest
from redis.asyncio.cluster import RedisCluster

from consumers.cluster_reading import MOST_WAITS, ClusterReading
from events.partitioning import stream_key
from runtime.redis_client import redis_client
from tests.examples import body
from tests.forked_command import COMMAND, run
from tests.where_it_runs.cluster_servers import Cluster
from tests.where_it_runs.redis_servers import ask
from tests.where_it_runs.running import wait_logged

KEYS = [stream_key(partition) for partition in range(16)]


MANY_KEYS = [stream_key(partition) for partition in range(MOST_WAITS + 16)]


@asynccontextmanager
async def reading_of(
    cluster: Cluster, keys: Sequence[str] = KEYS
) -> AsyncIterator[tuple[ClusterReading, RedisCluster]]:
    """A consumer's reads, and another client."""
    client = redis_client(cluster.url, timeout_s=90)
    other = redis_client(cluster.url, timeout_s=5)
    assert isinstance(client, RedisCluster)
    assert isinstance(other, RedisCluster)
    for key in keys:
        await other.xgroup_create(key, "group", id="0", mkstream=True)
    reading = ClusterReading(client, group="group", consumer="me")
    try:
        yield reading, other
    finally:
        reading.give_up_waiting()
        await client.aclose()
        await other.aclose()


async def wait_blocked(cluster: Cluster, count: int) -> None:
    """Until so many connections wait in the servers."""
    async with asyncio.timeout(30):
        while blocked(cluster) < count:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.01)


def blocked(cluster: Cluster) -> int:
    return sum(info(cluster, number, "clients")["blocked_clients"] for number in range(3))


def info(cluster: Cluster, number: int, section: str) -> dict[str, Any]:
    client = cluster.nodes[number].client()
    try:
        found: Any = client.info(section)
        return dict(found)
    finally:
        client.close()


def calls(cluster: Cluster, command: str) -> int:
    """How often the servers carried it out."""
    found = [info(cluster, number, "commandstats") for number in range(3)]
    return sum(one.get(f"cmdstat_{command}", {"calls": 0})["calls"] for one in found)


async def pending(client: RedisCluster) -> int:
    summaries: list[Any] = [await client.xpending(key, "group") for key in KEYS]
    return sum(summary["pending"] for summary in summaries)


async def test_a_read_ends_when_an_entry_comes(cluster: Cluster) -> None:
    async with reading_of(cluster) as (reading, other):
        read = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
        await wait_blocked(cluster, len(KEYS))
        entry_id = await other.xadd(KEYS[7], {"event": "x"})

        assert await read == {KEYS[7]: [(entry_id, {b"event": b"x"})]}


async def test_an_interrupted_wait_takes_nothing(cluster: Cluster) -> None:
    async with reading_of(cluster) as (reading, other):
        read = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
        await wait_blocked(cluster, len(KEYS))
        read.cancel()
        await asyncio.wait([read])
        await other.xadd(KEYS[3], {"event": "x"})

        assert await pending(other) == 0
        assert list(await reading.read_new(KEYS, count=10, block_ms=60_000)) == [KEYS[3]]


async def test_the_streams_without_an_event_are_not_asked(cluster: Cluster) -> None:
    async with reading_of(cluster) as (reading, other):
        read = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
        await wait_blocked(cluster, len(KEYS))
        asked = calls(cluster, "xreadgroup")
        for _ in range(20):
            await other.xadd(KEYS[5], {"event": "x"})
            assert list(await read) == [KEYS[5]]
            read = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
            await wait_blocked(cluster, len(KEYS))
        read.cancel()
        await asyncio.wait([read])

    # Once to take the event, and once to see that there is no other.
    assert calls(cluster, "xreadgroup") - asked == 2 * 20


async def test_more_streams_than_may_be_waited_for_are_read_too(cluster: Cluster) -> None:
    added, found = set(), set[str]()
    async with reading_of(cluster, MANY_KEYS) as (reading, other):
        assert await reading.read_new(MANY_KEYS, count=10, block_ms=60_000) == {}
        await wait_blocked(cluster, MOST_WAITS)
        for key in (MANY_KEYS[0], MANY_KEYS[-1]):
            await other.xadd(key, {"event": "x"})
            added.add(key)
        while found != added:
            found |= set(await reading.read_new(MANY_KEYS, count=10, block_ms=60_000))
        assert blocked(cluster) <= MOST_WAITS


async def test_what_a_stale_owner_took_does_not_keep_the_reader_busy(cluster: Cluster) -> None:
    async with reading_of(cluster) as (reading, _):
        read = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
        await wait_blocked(cluster, len(KEYS))
        node = cluster.master_of(KEYS[0]).client()
        taken = node.pipeline(transaction=True)
        taken.xadd(KEYS[0], {"event": "x"})
        taken.xreadgroup("group", "stale", {KEYS[0]: ">"})
        taken.execute()
        node.close()

        assert await read == {}
        again = asyncio.create_task(reading.read_new(KEYS, count=10, block_ms=60_000))
        await wait_blocked(cluster, len(KEYS))
        again.cancel()
        await asyncio.wait([again])


async def test_every_entry_is_read_or_pending_whatever_is_interrupted(cluster: Cluster) -> None:
    rng, added, read = random.Random(5), set[bytes](), set[bytes]()
    async with reading_of(cluster) as (reading, other):
        for _ in range(150):
            one = asyncio.create_task(reading.read_new(KEYS, count=3, block_ms=60_000))
            for key in rng.sample(KEYS, rng.randrange(4)):
                entry_id: Any = await other.xadd(key, {"event": "x"})
                added.add(key.encode() + entry_id)
            if rng.random() < 0.5:
                await asyncio.wait([one], timeout=0.05)
            one.cancel()
            await asyncio.wait([one])
            if not one.cancelled():
                read |= {k.encode() + e[0] for k, entries in one.result().items() for e in entries}
        while found := await reading.read_new(KEYS, count=1000, block_ms=1):
            read |= {k.encode() + e[0] for k, entries in found.items() for e in entries}
        held: set[bytes] = set()
        for key in KEYS:
            mine: Any = await other.xpending_range(key, "group", "-", "+", 1000, "me")
            held |= {key.encode() + entry["message_id"] for entry in mine}
    assert read <= held
    assert held == added


@pytest.fixture
def environ(database_url: str, cluster: Cluster, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SUPABASE_DB_URL": database_url,
        "REDIS_URL": cluster.url,
    }


@contextmanager
def serve(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The service as it is run, on uvloop."""
    process = subprocess.Popen(
        [COMMAND, "serve"], env={**environ, "PORT": "0", "PROCESSES": "1"}, cwd=environ["HOME"]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def command(environ: dict[str, str], *words: str, given: bytes = b"") -> bytes:
    with TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        done = run(words, environ=environ, folder=Path(environ["HOME"]), stdin=file.fileno())
    assert done.code == 0, done.err
    return done.out


async def test_the_commands_work_on_a_cluster(
    environ: dict[str, str], database_url: str, cluster: Cluster
) -> None:
    async def told(*words: str, given: bytes = b"") -> list[dict[str, Any]]:
        output = await asyncio.to_thread(command, environ, *words, given=given)
        return [orjson.loads(line) for line in output.splitlines() if line.startswith(b"{")]

    await told("migrate")
    await told("publish", "-", given=orjson.dumps(body("lead.created")))
    with serve(environ) as service:
        await wait_logged(database_url, 1)
        assert await told("groups", "status", "--wait", "--json")
        service.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(service.wait, 30) == 0
    streams = await told("streams", "status", "--json")
    assert sum(stream["length"] or 0 for stream in streams) == 1
    node = cluster.master_of("domain-events:topology").client()
    assert ask(node, "HGET", "domain-events:topology", "partitions") == b"16"
    node.close()
