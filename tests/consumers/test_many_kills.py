"""Kills in a row under load: three processes up at all times, each killed at a drawn point."""

from __future__ import annotations

import asyncio
import random
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import asyncpg
import pytest
from redis.asyncio import Redis

from events.partitioning import stream_key
from tests.consumers.armed_worker import kill, start_armed_worker, wait_frozen
from tests.consumers.members import AMONG_THE_DYING, member, wait_caught_up
from tests.consumers.test_exactly_once import corpus_lines, publish
from tests.forked_process import ForkedProcess
from tests.oracle import check_read_models
from tests.told import Told

UP = 3
BETWEEN_READ_AND_COMMIT, BETWEEN_COMMIT_AND_ACK = "before_commit", "before_ack"
UNBALANCED = """
    SELECT partition FROM runtime.checkpoints WHERE read <> applied + duplicate + dead
     UNION ALL
    SELECT partition FROM runtime.projection_checkpoints
     WHERE position <> applied + filtered + parked + discarded
"""


@dataclass
class Killing:
    """Workers that freeze one after the other, and what has been killed so far."""

    database_url: str
    redis_url: str
    kills: int
    batch_events: int
    up: dict[asyncio.Task[str], ForkedProcess | Process] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def draws(self) -> Iterator[tuple[str, int]]:
        """A point and the number of the batch, for each worker; both points equally often."""
        drawn = random.Random(self.kills)
        points = [BETWEEN_READ_AND_COMMIT, BETWEEN_COMMIT_AND_ACK] * (self.kills // 2 + UP)
        drawn.shuffle(points)
        for point in points:
            yield point, drawn.choice((1, 2))

    async def run(self) -> None:
        draws = self.draws()
        try:
            for _ in range(UP):
                await self._start(*next(draws))
            while self.killed.total() < self.kills:
                frozen, _ = await asyncio.wait(self.up, return_when=asyncio.FIRST_COMPLETED)
                told = next(task for task in self.up if task in frozen)
                worker = self.up.pop(told)
                point = await told
                await kill(worker)
                self.killed[point] += 1
                await self._start(*next(draws))
        finally:
            for told, worker in self.up.items():
                await kill(worker)
                await asyncio.wait({told})
                told.exception()

    async def _start(self, point: str, number: int) -> None:
        worker = await start_armed_worker(
            self.database_url, self.redis_url, point, number, self.batch_events
        )
        self.up[asyncio.create_task(wait_frozen(worker), name=f"armed-{worker.pid}")] = worker


async def unread(conn: asyncpg.Connection, redis: Redis) -> int:
    """Entries of the streams that no batch has committed yet."""
    lengths = [int(await redis.xlen(stream_key(partition))) for partition in range(16)]
    committed = await conn.fetchval("SELECT coalesce(sum(read), 0) FROM runtime.checkpoints")
    return sum(lengths) - int(committed)


async def keep_something_to_read(
    database_url: str, redis_url: str, slices: Sequence[list[bytes]]
) -> None:
    """Publish the next slice whenever less than two are unread."""
    enough = 2 * len(slices[0])
    conn = await asyncpg.connect(database_url)
    redis = Redis.from_url(redis_url)
    try:
        for lines in slices:
            while await unread(conn, redis) >= enough:  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.05)
            await publish(redis_url, lines)
    finally:
        await redis.aclose()
        await conn.close()


@asynccontextmanager
async def under_load(
    database_url: str, redis_url: str, lines: list[bytes], slice_events: int
) -> AsyncIterator[asyncio.Task[None]]:
    """Publishing goes on until the end of the corpus, also after the block."""
    slices = [lines[at : at + slice_events] for at in range(0, len(lines), slice_events)]
    publishing = asyncio.create_task(
        keep_something_to_read(database_url, redis_url, slices), name="publishing"
    )
    try:
        yield publishing
    except BaseException:
        publishing.cancel()
        raise


async def kill_in_a_row(
    database_url: str, redis_url: str, corpus: Path, *, kills: int, batch_events: int
) -> str:
    """Returns what it did, for people."""
    began = monotonic()
    lines = corpus_lines(corpus)
    killing = Killing(database_url, redis_url, kills, batch_events)
    async with under_load(database_url, redis_url, lines, 8 * batch_events) as publishing:
        await killing.run()
        assert not publishing.done(), "the corpus was over before the kills were"
        killed_after = monotonic() - began
        async with member(database_url, redis_url, member_id="survivor", settings=AMONG_THE_DYING):
            await publishing
            await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    await check_read_models(conn, corpus)
    unbalanced = await conn.fetch(UNBALANCED)
    epochs = await conn.fetchval("SELECT sum(epoch) FROM runtime.partition_owners")
    await conn.close()
    said = (
        f"SIGKILLs: {dict(killing.killed)} in {killed_after:.1f} s ({killed_after / kills:.2f} s each),"
        f" {monotonic() - began:.1f} s in all, {epochs} takeovers of partitions"
    )
    assert unbalanced == []
    assert killing.killed.total() == kills
    one, other = (killing.killed[p] for p in (BETWEEN_READ_AND_COMMIT, BETWEEN_COMMIT_AND_ACK))
    assert abs(one - other) <= 2 * UP
    return said


@pytest.mark.timeout(300)
async def test_ten_kills_in_a_row_under_load_change_nothing(
    database_url: str, redis_url: str, corpus: Path, told: Told
) -> None:
    told.say(await kill_in_a_row(database_url, redis_url, corpus, kills=10, batch_events=150))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills_in_a_row_under_load_change_nothing(
    database_url: str, redis_url: str, corpus: Path, told: Told
) -> None:
    told.say(await kill_in_a_row(database_url, redis_url, corpus, kills=200, batch_events=32))
