"""Injects the faults of a schedule, and heals them."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.simulator.actions import (
    TRIGGER_WITHIN_MS,
    Cut,
    Delay,
    DestroyGroup,
    DropOwner,
    ExpireLease,
    Fault,
    Freeze,
    JumpClock,
    Kill,
    RestartPostgres,
    RestartRedis,
    Stop,
    Trigger,
)
from tests.simulator.arena import Arena
from tests.simulator.proxy import Trap
from tests.simulator.servers import Server
from tests.simulator.traffic import stream
from tests.simulator.workers import Workers

_GROUP = "projections"
_Later = Coroutine[None, None, None]


class Faults:
    """Does harm at once; what a fault does later runs in `tasks`, until `heal` at the latest."""

    def __init__(
        self, arena: Arena, workers: Workers, database_url: str, tasks: asyncio.TaskGroup
    ) -> None:
        self._arena = arena
        self._workers = workers
        self._database_url = database_url
        self._tasks = tasks
        self._healing = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self.injected: Counter[str] = Counter()

    def inject(self, fault: Fault, trigger: Trigger | None) -> None:
        """Let a fault happen: now, or when a worker does what the trigger says."""
        if trigger is None:
            self._harm(fault, getattr(fault, "slot", 0), "")
            return
        trap = Trap(trigger, lambda slot: self._harm(fault, slot, " at its moment"))
        self._workers.traps.append(trap)
        self._later(self._lose_patience(trap, fault))

    async def heal(self) -> None:
        """End all faults and wait until servers and workers run again."""
        self._healing.set()
        for task in self._running:
            await task
        self._workers.traps.clear()
        for slot in self._workers.slots:
            self._workers.spawn(slot.number)

    async def _lose_patience(self, trap: Trap, fault: Fault) -> None:
        await self._pause(TRIGGER_WITHIN_MS)
        if not trap.sprung:
            trap.sprung = True
            self._harm(fault, getattr(fault, "slot", 0), "")

    def _harm(self, fault: Fault, slot: int, how: str) -> None:
        if self._healing.is_set():
            return
        self.injected[type(fault).__name__ + how] += 1
        match fault:
            case Kill():
                self._workers.kill(slot)
                self._later(self._respawn(slot, fault.down_ms))
            case Stop():
                self._workers.stop(slot)
                self._later(self._stopped(slot, fault.down_ms))
            case Freeze():
                self._workers.signal(slot, signal.SIGSTOP)
                self._later(self._thaw(slot, fault.for_ms))
            case Cut() | Delay():
                self._harm_link(fault, slot)
            case RestartRedis():
                self._arena.redis.crash(signal.SIGKILL)
                self._later(self._start(self._arena.redis, fault.down_ms))
            case RestartPostgres():
                how_hard = signal.SIGQUIT if fault.how == "quit" else signal.SIGKILL
                self._arena.postgres.crash(how_hard)
                self._later(self._start(self._arena.postgres, fault.down_ms))
            case JumpClock():
                self._arena.nursery.clocks.jump(slot, fault.by_s)
            case ExpireLease():
                self._later(self._expire(self._workers.member_id(slot)))
            case DropOwner():
                self._later(self._drop_owner(fault.partition))
            case DestroyGroup():
                self._later(self._destroy_group(fault.partition))

    def _harm_link(self, fault: Cut | Delay, slot: int) -> None:
        link = self._workers.slots[slot].links[fault.server]
        if isinstance(fault, Cut):
            link.cut(fault.style)
            self._later(self._end_silence(slot, fault))
        else:
            link.delay_s = fault.by_ms / 1000
            self._later(self._end_delay(slot, fault))

    def _later(self, then: _Later) -> None:
        self._running.append(self._tasks.create_task(then))

    async def _pause(self, ms: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ms / 1000):
                await self._healing.wait()

    async def _respawn(self, slot: int, down_ms: int) -> None:
        await self._pause(down_ms)
        self._workers.spawn(slot)

    async def _stopped(self, slot: int, down_ms: int) -> None:
        await self._workers.wait_stopped(slot)
        await self._respawn(slot, down_ms)

    async def _thaw(self, slot: int, for_ms: int) -> None:
        await self._pause(for_ms)
        self._workers.signal(slot, signal.SIGCONT)

    async def _end_silence(self, slot: int, fault: Cut) -> None:
        await self._pause(fault.for_ms)
        self._workers.slots[slot].links[fault.server].end_silence()

    async def _end_delay(self, slot: int, fault: Delay) -> None:
        await self._pause(fault.for_ms)
        self._workers.slots[slot].links[fault.server].delay_s = 0.0

    async def _start(self, server: Server, down_ms: int) -> None:
        await self._pause(down_ms)
        await server.start()

    async def _expire(self, member_id: str) -> None:
        await self._sql(
            "UPDATE runtime.members SET expires_at = clock_timestamp() - interval '1 second'"
            " WHERE member_id = $1",
            member_id,
        )

    async def _drop_owner(self, partition: int) -> None:
        await self._sql(
            "UPDATE runtime.partition_owners SET owner = NULL WHERE partition = $1", partition
        )

    async def _sql(self, statement: str, argument: str | int) -> None:
        """Once; a server that is down has its own fault already."""
        with suppress(
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
        ):
            conn = await asyncpg.connect(self._database_url)
            try:
                await conn.execute(statement, argument)
            finally:
                conn.terminate()

    async def _destroy_group(self, partition: int) -> None:
        redis = Redis.from_url(self._arena.redis_url)
        with suppress(RedisError, OSError):
            await redis.xgroup_destroy(stream(partition), _GROUP)
        await redis.aclose()
