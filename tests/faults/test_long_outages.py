"""While a server is away for long: hardly any work, few attempts, no growth; then all is as before."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from consumers.engine_settings import EngineSettings
from tests.faults.servers import BreakablePostgres, BreakableValkey
from tests.faults.under_load import QUICK, Recorder, Work, wait_until, working

Broken = tuple[str, BreakablePostgres]
SLOWER = replace(QUICK, heartbeat_s=0.5, retry_initial_s=0.1, retry_max_s=1.0)
MOST_OF_A_CORE = 0.1


class Counter(Recorder):
    """Counts and forgets, so that nothing of the test's own grows."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        self.count += 1


async def _sit_out(work: Work, settings: EngineSettings) -> None:
    """An outage of many attempts, without any load of the test's own."""
    await work.wait_more_retries(4)
    first, began, cpu = len(work.seen.retries), time.monotonic(), time.process_time()
    await work.wait_more_retries(16)
    elapsed_s, used_s = time.monotonic() - began, time.process_time() - cpu
    assert used_s < MOST_OF_A_CORE * elapsed_s
    work.check_paced(settings)
    waits = [retry.wait_s for retry in work.seen.retries[first:]]
    assert max(waits) <= max(settings.retry_max_s, settings.lease_s / 4)
    assert len(set(waits)) > len(waits) // 2, "waits without jitter"


async def _break_and_heal(
    work: Work, stop: Callable[[], None], start: Callable[[], None], settings: EngineSettings
) -> None:
    await work.load.stop()
    stop()
    await work.wait_retrying("")
    await _sit_out(work, settings)
    assert max(retry.attempt for retry in work.seen.retries) > 3
    start()
    work.load.start()
    await work.wait_flowing()
    # The back-off has begun anew: the next outage starts with its shortest waits.
    work.seen.retries.clear()
    await work.load.stop()
    stop()
    await work.wait_retrying("")
    assert work.seen.retries[0].attempt == 1
    start()
    work.load.start()
    await work.finish()


async def test_a_long_outage_of_postgres_costs_next_to_nothing(
    breakable: Broken, redis_url: str
) -> None:
    database_url, server = breakable
    async with working(database_url, redis_url, settings=SLOWER) as work:
        await _break_and_heal(work, server.stop, server.start, SLOWER)


async def test_a_long_outage_of_redis_costs_next_to_nothing(
    database_url: str, valkey: BreakableValkey
) -> None:
    async with working(database_url, valkey.url, settings=SLOWER) as work:
        await _break_and_heal(work, valkey.kill, valkey.start, SLOWER)


HASTY = replace(QUICK, heartbeat_s=0.002, retry_initial_s=0.001, retry_max_s=0.002)


async def _memory_after(counter: Counter, retries: int) -> int:
    wanted = counter.count + retries
    await wait_until(lambda: counter.count >= wanted, within_s=300)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def _check_flat(counter: Counter, retries: int) -> None:
    tracemalloc.start()
    try:
        before = await _memory_after(counter, retries)
        after = await _memory_after(counter, 2 * retries)
    finally:
        tracemalloc.stop()
    # An error with its traceback kept of every retry would be several times as much.
    assert after - before < 200 * 2 * retries


@pytest.mark.timeout(600)
@pytest.mark.parametrize("retries", [300, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_an_outage_of_redis_does_not_grow_the_memory(
    database_url: str, valkey: BreakableValkey, retries: int
) -> None:
    counter = Counter()
    running = working(database_url, valkey.url, settings=HASTY, seen=counter, redis_retries=0)
    async with running as work:
        await work.load.stop()
        valkey.kill()
        await _check_flat(counter, retries)
        valkey.start()
        work.load.start()
        await work.finish()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("retries", [300, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_an_outage_of_postgres_does_not_grow_the_memory(
    breakable: Broken, redis_url: str, retries: int
) -> None:
    database_url, server = breakable
    counter = Counter()
    async with working(database_url, redis_url, settings=HASTY, seen=counter) as work:
        await work.load.stop()
        server.stop()
        await _check_flat(counter, retries)
        server.start()
        work.load.start()
        await work.finish()


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_hundred_crashes_lose_nothing(breakable: Broken, redis_url: str) -> None:
    database_url, server = breakable
    async with working(database_url, redis_url) as work:
        for _ in range(100):
            server.crash()
            await asyncio.sleep(0)
            server.start()
            await work.wait_flowing()
        await work.finish()
