"""The workers of one seed: slots, each with its links and the process that runs there now."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator.actions import Server
from tests.simulator.arena import USER, Arena
from tests.simulator.nursery import signal_worker
from tests.simulator.proxy import Link, Trap
from tests.simulator.schedule import LEASE_MS, PARTITIONS, Schedule

_STOPS_WITHIN_S = 20.0
_POLL_S = 0.01


@dataclass
class Slot:
    """A place for a worker."""

    number: int
    links: dict[Server, Link]
    pid: int | None = None
    incarnation: int = 0
    stopping: bool = False


class Workers:
    """Starts, signals and buries the workers of a seed."""

    def __init__(self, arena: Arena, schedule: Schedule, database: str, mutant: str | None) -> None:
        self._arena = arena
        self._schedule = schedule
        self._database = database
        self._mutant = mutant
        self.traps: list[Trap] = []
        self.failures: list[str] = []
        targets: dict[Server, Path] = {
            "redis": arena.redis_socket,
            "postgres": arena.postgres_socket,
        }
        self.slots = [
            Slot(n, {server: Link(n, server, at, self.traps) for server, at in targets.items()})
            for n in range(schedule.workers)
        ]

    async def start(self) -> None:
        """Open the links and start a worker in every slot."""
        for slot in self.slots:
            self._arena.nursery.clocks.jump(slot.number, 0.0)
            for link in slot.links.values():
                await link.open()
            self.spawn(slot.number)

    def log(self, slot: int) -> Path:
        """What the slot's workers said."""
        return self._arena.directory / f"worker-{slot}.log"

    def spawn(self, number: int) -> None:
        """Start a worker where none is."""
        slot = self.slots[number]
        if slot.pid is not None:
            return
        slot.incarnation += 1
        slot.stopping = False
        slot.pid = self._arena.nursery.start(self._job(slot))

    def member_id(self, number: int) -> str:
        """Of the slot's latest worker."""
        return f"w{number}-{self.slots[number].incarnation}"

    def kill(self, number: int) -> None:
        """SIGKILL; nothing that it still sends arrives."""
        slot = self.slots[number]
        if slot.pid is None:
            return
        signal_worker(slot.pid, signal.SIGKILL)
        for link in slot.links.values():
            link.cut("reset")
        code = self._arena.nursery.reap(slot.pid, wait=True)
        if code != -signal.SIGKILL and not (slot.stopping and code == 0):
            self.failures.append(f"worker {self.member_id(number)} had ended with code {code}")
        slot.pid = None

    def signal(self, number: int, how: signal.Signals) -> None:
        """Signal a slot's worker, if there is one."""
        pid = self.slots[number].pid
        if pid is not None:
            signal_worker(pid, how)

    def stop(self, number: int) -> None:
        """Ask a worker to hand over and end."""
        self.slots[number].stopping = True
        self.signal(number, signal.SIGTERM)

    async def wait_stopped(self, number: int) -> None:
        """Wait for a worker that was asked to stop."""
        slot, pid = self.slots[number], self.slots[number].pid
        name = self.member_id(number)
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                while pid is not None and slot.pid == pid:
                    code = self._arena.nursery.reap(pid, wait=False)
                    if code is not None:
                        slot.pid = None
                        if code != 0:
                            self.failures.append(f"worker {name} stopped with code {code}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            self.failures.append(f"worker {name} did not stop")

    def check_alive(self) -> None:
        """Note workers that ended without being told to."""
        for slot in self.slots:
            if slot.pid is not None:
                code = self._arena.nursery.reap(slot.pid, wait=False)
                if code is not None:
                    name = self.member_id(slot.number)
                    self.failures.append(f"worker {name} ended by itself with code {code}")
                    slot.pid = None

    def end(self) -> None:
        """Kill all and close the links."""
        for slot in self.slots:
            self.kill(slot.number)
            for link in slot.links.values():
                link.close()

    def _job(self, slot: Slot) -> dict[str, Any]:
        schedule = self._schedule
        lossy = "" if schedule.durable_postgres else "&synchronous_commit=off"
        return {
            "slot": slot.number,
            "member_id": self.member_id(slot.number),
            "log": str(self.log(slot.number)),
            "mutant": self._mutant,
            "uvloop": schedule.uvloop,
            "database_url": f"postgresql://{USER}@127.0.0.1:{slot.links['postgres'].port}"
            f"/{self._database}?sslmode=disable{lossy}",
            "redis_url": f"redis://127.0.0.1:{slot.links['redis'].port}",
            "engine": {
                "partitions": PARTITIONS,
                "lease_s": LEASE_MS / 1000,
                "heartbeat_s": 0.1,
                "batch_events": schedule.batch_events,
                "block_ms": schedule.block_ms,
                "lanes": schedule.lanes,
                "retry_initial_s": 0.02,
                "retry_max_s": 0.2,
                "stop_grace_s": 0.5,
            },
        }
