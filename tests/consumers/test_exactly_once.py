"""The real corpus through the engine, whatever dies in between, held against the oracle."""

from __future__ import annotations

import gzip
import random
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from events.publisher import Publisher, PublisherSettings
from tests.consumers.members import AMONG_THE_DYING, member, start_victim, wait_caught_up
from tests.forked_process import ForkedProcess
from tests.oracle import check_read_models

KILLS = 2


def corpus_lines(corpus: Path) -> list[bytes]:
    with gzip.open(corpus / "sgd-events.jsonl.gz") as lines:
        return [line.rstrip(b"\n") for line in lines]


async def publish(redis_url: str, bodies: Sequence[bytes]) -> None:
    redis = Redis.from_url(redis_url)
    try:
        await Publisher(redis, settings=PublisherSettings()).publish_raw(bodies)
    finally:
        await redis.aclose()


async def check(database_url: str, corpus: Path) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        await check_read_models(conn, corpus)
    finally:
        await conn.close()


async def test_the_corpus_gives_the_expected_read_models(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    async with member(database_url, redis_url):
        await publish(redis_url, corpus_lines(corpus))
        await wait_caught_up(database_url, redis_url)
    await check(database_url, corpus)


async def test_publishing_the_corpus_twice_changes_nothing(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    lines = corpus_lines(corpus)
    async with member(database_url, redis_url):
        await publish(redis_url, lines)
        await publish(redis_url, lines)
        await wait_caught_up(database_url, redis_url)
    await check(database_url, corpus)
    conn = await asyncpg.connect(database_url)
    duplicates = await conn.fetchval("SELECT sum(duplicate) FROM runtime.checkpoints")
    await conn.close()
    assert duplicates == len(lines)


async def test_shuffling_across_conversations_changes_nothing(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    async with member(database_url, redis_url):
        await publish(redis_url, shuffled(corpus_lines(corpus), random.Random(7)))
        await wait_caught_up(database_url, redis_url)
    await check(database_url, corpus)


async def test_two_members_share_the_work(database_url: str, redis_url: str, corpus: Path) -> None:
    lines = corpus_lines(corpus)
    async with (
        member(database_url, redis_url, member_id="one") as one,
        member(database_url, redis_url, member_id="two") as two,
    ):
        await publish(redis_url, lines[: len(lines) // 2])
        await wait_caught_up(database_url, redis_url)
        await publish(redis_url, lines[len(lines) // 2 :])
        await wait_caught_up(database_url, redis_url)
        owned = [set(m.engine.status().partitions) for m in (one, two)]
    assert not owned[0] & owned[1]
    await check(database_url, corpus)


@pytest.mark.timeout(400)
async def test_kills_between_read_commit_and_acknowledgement_change_nothing(
    database_url: str, redis_url: str, corpus: Path
) -> None:
    lines = corpus_lines(corpus)
    share = len(lines) // (KILLS + 2)
    hits = {"before_commit": 0, "before_ack": 0}
    for number in range(KILLS + 2):
        end = len(lines) if number == KILLS + 1 else (number + 1) * share
        await publish(redis_url, lines[number * share : end])
        point = "before_ack" if number >= KILLS else "before_commit"
        victim = await start_victim(database_url, redis_url, freeze_at=point)
        hits[point] += await kill_when_frozen(victim, point)
    assert hits == {"before_commit": KILLS, "before_ack": 2}
    async with member(database_url, redis_url, member_id="survivor", settings=AMONG_THE_DYING):
        await wait_caught_up(database_url, redis_url)
    await check(database_url, corpus)


async def kill_when_frozen(victim: ForkedProcess | Process, point: str) -> int:
    """1 when the victim had reached the point when it was killed, else 0."""
    assert victim.stdout is not None
    reached = (await victim.stdout.readline()).decode().strip() == f"frozen {point}"
    victim.kill()
    await victim.wait()
    return int(reached)


def shuffled(lines: list[bytes], rng: random.Random) -> list[bytes]:
    """Another interleaving; order kept within each conversation."""
    queues: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for line in reversed(lines):
        event = orjson.loads(line)
        queues[event["company_id"], event["conversation_id"]].append(line)
    order = [key for key, queue in queues.items() for _ in queue]
    rng.shuffle(order)
    return [queues[key].pop() for key in order]
