"""Runs one schedule over real servers and asks the oracle."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
from redis.asyncio import Redis

from tests.simulator.actions import Publish
from tests.simulator.arena import Arena
from tests.simulator.faults import Faults
from tests.simulator.oracle import caught_up, find_faults
from tests.simulator.schedule import Schedule, draw
from tests.simulator.traffic import Producer
from tests.simulator.workers import Workers

CAUGHT_UP_WITHIN_S = 30.0
_POLL_S = 0.03
_ALL_OWNED = """
SELECT count(*) > 0 AND bool_and(owner IS NOT NULL)
  FROM runtime.partition_owners WHERE group_name = 'projections'
"""


@dataclass
class Result:
    """What became of a seed. Durations in seconds."""

    schedule: Schedule
    failures: list[str]
    injected: Counter[str]
    took_s: float
    logs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.failures:
            return f"seed {self.schedule.seed}: ok in {self.took_s:.2f} s"
        said = "\n".join(f"  FAILED {failure}" for failure in self.failures)
        return (
            f"seed {self.schedule.seed}: {len(self.failures)} failures in {self.took_s:.2f} s\n"
            f"{said}\n{self.schedule}\n"
            f"replay: .venv/bin/python -m tests.simulator --seed {self.schedule.seed}"
        )

    def told(self) -> str:
        """With what the workers said."""
        return "\n".join([str(self), *self.logs])


async def run_seed(arena: Arena, seed: int, *, mutant: str | None = None) -> Result:
    """Run the schedule of a seed; what is wrong afterwards is in the result, not raised."""
    began = time.monotonic()
    schedule = draw(seed)
    database = await arena.fresh()
    workers = Workers(arena, schedule, database, mutant)
    injected: Counter[str] = Counter()
    try:
        failures = await _run(arena, schedule, workers, injected, database)
    finally:
        workers.end()
    await arena.drop(database)
    logs = [workers.log(slot.number).read_text() for slot in workers.slots]
    for slot in workers.slots:
        workers.log(slot.number).unlink()
    return Result(schedule, failures, injected, time.monotonic() - began, logs)


async def _run(
    arena: Arena, schedule: Schedule, workers: Workers, injected: Counter[str], database: str
) -> list[str]:
    await workers.start()
    await _wait_owned(arena, database)
    producer = Producer(arena.redis_url, schedule.seed, schedule.events)
    async with asyncio.TaskGroup() as tasks:
        faults = Faults(arena, workers, arena.database_url(database), tasks)
        publishing = tasks.create_task(producer.run(), name="producer")
        await _play(schedule, faults, producer)
        producer.close()
        await faults.heal()
        await publishing
    injected.update(faults.injected)
    workers.check_alive()
    failures = workers.failures
    if not await _wait_caught_up(arena, database):
        failures.append(f"not caught up in {CAUGHT_UP_WITHIN_S:.0f} s after all was healed")
    workers.check_alive()
    for slot in workers.slots:
        workers.kill(slot.number)
    conn = await asyncpg.connect(arena.database_url(database))
    redis = Redis.from_url(arena.redis_url)
    failures += await find_faults(conn, redis, schedule.seed, schedule.events)
    await redis.aclose()
    await conn.close()
    return failures


async def _play(schedule: Schedule, faults: Faults, producer: Producer) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for step in schedule.steps:
        await asyncio.sleep(began + step.at_ms / 1000 - loop.time())
        if isinstance(step.action, Publish):
            producer.publish(step.action.numbers)
        else:
            faults.inject(step.action, step.trigger)


async def _wait_owned(arena: Arena, database: str) -> None:
    conn = await asyncpg.connect(arena.database_url(database))

    async def all_owned() -> bool:
        owned: bool = await conn.fetchval(_ALL_OWNED)
        return owned

    is_owned = await _within(CAUGHT_UP_WITHIN_S, all_owned)
    await conn.close()
    assert is_owned, "no worker took the partitions before any fault"


async def _wait_caught_up(arena: Arena, database: str) -> bool:
    conn = await asyncpg.connect(arena.database_url(database))
    redis = Redis.from_url(arena.redis_url)
    try:
        return await _within(CAUGHT_UP_WITHIN_S, lambda: caught_up(conn, redis))
    finally:
        await redis.aclose()
        await conn.close()


async def _within(seconds: float, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it comes true. By the clock, not by cancelling, which a driver may swallow."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True
