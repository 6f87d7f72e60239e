"""Processes that are killed and cut off from their servers while they work, by how far they are."""

from __future__ import annotations

import asyncio
import base64
import random
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.runtime.service_process import Gate
from tests.turns.forked_serve import Parent

PROCESSES = 3
_ENVIRONMENT = {
    "CREDENTIALS_KEY": base64.b64encode(bytes(32)).decode(),
    "TURN_LEASE_S": "2",
    "LEASE_S": "2",
    "HEARTBEAT_S": "0.2",
    "BLOCK_MS": "100",
    "PORT": "0",
    "HOST": "127.0.0.1",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "warning",
    "PROCESSES": "1",
}
_READ = "SELECT coalesce(sum(read), 0) FROM runtime.checkpoints WHERE group_name = 'agent'"
_JOINED = "SELECT EXISTS (SELECT FROM runtime.members WHERE member_id LIKE $1)"


@dataclass
class Plan:
    """How much is written in how long, and how often something breaks.

    Processes are killed and cut off each time they have read so many events, the channel misbehaves
    each so many requests.
    """

    messages: int
    lasts_s: float
    within_s: float
    kill_every_events: int = 300
    cut_every_events: int = 60
    channel_fault_every: int = 8


@dataclass
class Slot:
    """A place for a process, with its own doors to both servers."""

    postgres: Gate
    redis: Gate
    log: Path
    pid: int = 0


class Chaos:
    """Keeps processes running in their slots, and breaks them and what they hold on to."""

    def __init__(self, parent: Parent, database_url: str, slots: list[Slot], plan: Plan) -> None:
        self._parent = parent
        self._database_url = database_url
        self._slots = slots
        self._plan = plan
        self._random = random.Random(plan.messages)
        self._over = asyncio.Event()
        self.done: Counter[str] = Counter()

    async def start(self, slot: Slot) -> None:
        """Start `serve` behind the slot's doors, and wait until it has joined."""
        doors = {"SUPABASE_DB_URL": slot.postgres.url, "REDIS_URL": slot.redis.url}
        slot.pid = await self._parent.start({**_ENVIRONMENT, **doors}, slot.log)
        await wait_true(self._database_url, _JOINED, f"%-{slot.pid}-%")

    async def run(self) -> None:
        """Kill and cut as the work goes on, until `stop`; who was killed last is back then.

        By what the processes have read, not by the clock: on a slow machine it would be all faults.
        """
        kill, cut = self._plan.kill_every_events, self._plan.cut_every_events
        conn = await asyncpg.connect(self._database_url)
        try:
            while not self._over.is_set():
                read = int(await conn.fetchval(_READ))
                if read // kill > self.done["SIGKILL"]:
                    await self._kill(self._slots[self.done["SIGKILL"] % PROCESSES])
                if read // cut > self.done["postgres cut"] + self.done["redis cut"]:
                    await self._cut()
                await asyncio.sleep(0.05)
        finally:
            await conn.close()

    def stop(self) -> None:
        """Break nothing more."""
        self._over.set()

    async def _kill(self, slot: Slot) -> None:
        code = await self._parent.kill(slot.pid)
        assert code == -signal.SIGKILL, f"ended by itself with code {code}: {slot.log}"
        self.done["SIGKILL"] += 1
        await self.start(slot)

    async def _cut(self) -> None:
        slot = self._random.choice(self._slots)
        name = self._random.choice(("postgres", "redis"))
        gate: Gate = getattr(slot, name)
        await gate.shut()
        await gate.open()
        self.done[f"{name} cut"] += 1


async def wait_true(database_url: str, query: str, *args: int | str, within_s: float = 60) -> None:
    """Until the database says yes."""
    conn = await asyncpg.connect(database_url)
    try:
        async with asyncio.timeout(within_s):
            while not await conn.fetchval(query, *args):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.1)
    finally:
        await conn.close()
