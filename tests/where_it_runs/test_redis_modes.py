"""The corpus through Redis (7.0 on Debian 12) alone, watched by Sentinel and as a cluster.

Primaries are killed and demoted under load.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from events.partitioning import stream_key
from tests.where_it_runs.cluster_servers import redis_cluster
from tests.where_it_runs.redis_servers import (
    RedisServer,
    redis_server,
    replication,
    wait_until,
)
from tests.where_it_runs.running import (
    check,
    corpus_lines,
    expected_events,
    producer,
    publish,
    publish_until_confirmed,
    serving,
    settings_for,
    wait_logged,
)
from tests.where_it_runs.sentinel_servers import Watched, watched_redis

FAILOVERS = 6


async def test_the_corpus_through_the_machine_s_redis(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as redis:
        url = f"redis://127.0.0.1:{redis.port}/0"
        async with serving(settings_for(database_url, url)):
            await publish(url, corpus_lines(corpus))
            await wait_logged(database_url, expected_events(corpus))
        await check(database_url, corpus)


async def test_sentinel_s_failover_under_load_changes_nothing(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    lines = corpus_lines(corpus)
    half = len(lines) // 2
    with watched_redis(tmp_path) as redis:
        async with serving(settings_for(database_url, redis.url)):
            await publish(redis.url, lines[:half])
            wait_until(lambda: is_replicated(redis.master))
            await publish_while_killed(redis.url, lines[half:], redis.master)
            await wait_logged(database_url, expected_events(corpus))
        assert replication(redis.replica)["role"] == "master"
        await check(database_url, corpus)


async def test_a_demoted_master_is_left_for_the_new_one(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    lines = corpus_lines(corpus)
    half = len(lines) // 2
    with watched_redis(tmp_path) as redis:
        async with (
            serving(settings_for(database_url, redis.url)),
            producer(redis.url) as publisher,
        ):
            await publisher.publish_raw(lines[:half])
            await wait_logged(database_url, half // 2)
            await asyncio.to_thread(redis.demote_master)
            # All again: what the old master confirmed last may not have reached the new one.
            failed = await publish_until_confirmed(publisher, lines)
            assert failed > 0
            await wait_logged(database_url, expected_events(corpus))
        await check(database_url, corpus)


async def test_a_cluster_s_failover_under_load_changes_nothing(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    lines = corpus_lines(corpus)
    half = len(lines) // 2
    with redis_cluster(tmp_path) as cluster:
        victim = cluster.master_of(stream_key(0))
        async with serving(settings_for(database_url, cluster.url)):
            await publish(cluster.url, lines[:half])
            wait_until(lambda: is_replicated(victim))
            # Another member takes its share in the middle of it.
            async with serving(settings_for(database_url, cluster.url)):
                await publish_while_killed(cluster.url, lines[half:], victim)
                await wait_logged(database_url, expected_events(corpus))
        await check(database_url, corpus)


@pytest.mark.soak
async def test_a_cluster_fails_over_again_and_again(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    lines = corpus_lines(corpus)
    share = -(-len(lines) // FAILOVERS)
    with redis_cluster(tmp_path) as cluster:
        async with serving(settings_for(database_url, cluster.url)):
            for number in range(FAILOVERS):
                victim = cluster.master_of(stream_key(0))
                await asyncio.to_thread(wait_until, lambda: is_replicated(victim))  # noqa: B023
                part = lines[number * share : (number + 1) * share]
                await publish_while_killed(cluster.url, part, victim)
                victim.start()
            await wait_logged(database_url, expected_events(corpus))
        await check(database_url, corpus)


@pytest.mark.soak
async def test_sentinel_fails_over_again_and_again(
    database_url: str, corpus: Path, tmp_path: Path
) -> None:
    lines = corpus_lines(corpus)
    share = -(-len(lines) // FAILOVERS)
    with watched_redis(tmp_path) as redis:
        async with serving(settings_for(database_url, redis.url)):
            for number in range(FAILOVERS):
                victim = await replicated_master(redis)
                part = lines[number * share : (number + 1) * share]
                await publish_while_killed(redis.url, part, victim)
                victim.start()
            await wait_logged(database_url, expected_events(corpus))
        await check(database_url, corpus)


async def replicated_master(redis: Watched) -> RedisServer:
    """Who is the master once its replica has everything.

    One that was killed behind the last event, and started again, is it until Sentinel names the other.
    """
    named: list[RedisServer] = []

    def stands() -> bool:
        named[:] = [redis.present_master()]
        return is_replicated(*named)

    await asyncio.to_thread(wait_until, stands)
    return named[0]


def is_replicated(master: RedisServer) -> bool:
    """Whether its one replica has everything; nothing may be written meanwhile."""
    found = replication(master)
    replica = found.get("slave0", {"offset": None})
    return bool(replica["offset"] == found["master_repl_offset"])


async def publish_while_killed(redis_url: str, bodies: list[bytes], victim: RedisServer) -> None:
    """Publish, kill a primary in the middle, publish all again once its replica has taken over.

    What it confirmed last may not have reached the replica: the second pass brings it back.
    """
    before = entries(victim)
    async with producer(redis_url) as publisher:
        publishing = asyncio.create_task(publish_until_confirmed(publisher, bodies), name="publish")
        await asyncio.to_thread(wait_until, lambda: entries(victim) > before)
        victim.kill()
        if not await publishing:
            await publish_until_confirmed(publisher, bodies)


def entries(server: RedisServer) -> int:
    """In stream 0, which the victims serve."""
    client = server.client()
    try:
        info: Any = client.xlen(stream_key(0))
        return int(info)
    finally:
        client.close()
