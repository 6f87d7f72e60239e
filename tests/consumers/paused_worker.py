"""A member that stops itself (SIGSTOP) at a named point of its first batch, once.

Run as `python -m tests.consumers.paused_worker DATABASE_URL REDIS_URL POINT`. It says `stopping`
before, and afterwards whatever becomes of its partitions and batches, a line each.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from consumers.batch_writes import BatchWrites
from consumers.engine_settings import EngineSettings
from consumers.observer import BatchCommitted, SilentObserver
from consumers.stream import GroupStreams
from tests.consumers.members import member
from tests.consumers.test_dead_letters import body
from tests.forked_process import ForkedProcess, start_module

SETTINGS = EngineSettings(
    # All partitions are one lane's at first, and what is read of one must be worth a copy.
    partitions=16,
    lease_s=4.0,
    heartbeat_s=1.0,
    batch_events=4800,
    block_ms=1000,
)
WORKER = "paused-worker"
STOLEN = 2
"""Number of the event that the worker reads after it woke, before the new owner can."""
APPEND_AND_READ = """
redis.call('XADD', KEYS[1], '*', 'event', ARGV[1])
return redis.call('XREADGROUP', 'GROUP', 'projections', ARGV[2], 'STREAMS', KEYS[1], '>')
"""


async def start_paused_worker(
    database_url: str, redis_url: str, point: str
) -> ForkedProcess | Process:
    """The worker in a process of its own; `point` is one of `POINTS`."""
    return await start_module("tests.consumers.paused_worker", database_url, redis_url, point)


async def wait_stopped(worker: ForkedProcess | Process) -> None:
    """Until the kernel says that the process is stopped."""
    stat = Path(f"/proc/{worker.pid}/stat")
    async with asyncio.timeout(60):
        while stat.read_text().rpartition(")")[2].split()[0] != "T":  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)


_stopped = False


def say(line: str) -> None:
    print(line, flush=True)


def stop_once() -> bool:
    """True when it was the first time."""
    global _stopped
    if _stopped:
        return False
    _stopped = True
    say("stopping")
    os.kill(os.getpid(), signal.SIGSTOP)
    say("woke")
    return True


def stop_with_a_read_in_hand() -> None:
    read_new: Any = GroupStreams.read_new

    async def read_then_stopped(self: GroupStreams, *args: Any, **kwargs: Any) -> Any:
        read = await read_new(self, *args, **kwargs)
        if any(read.found.values()) and stop_once():
            (partition,) = read.found
            await self._clients.commands.eval(
                APPEND_AND_READ, 1, self.key(partition), orjson.dumps(body(STOLEN)), WORKER
            )
            say("read again")
        return read

    GroupStreams.read_new = read_then_stopped  # type: ignore[method-assign]


def stop_in_transaction() -> None:
    move: Any = BatchWrites._move_checkpoints

    async def moved_then_stopped(self: BatchWrites, *args: Any) -> None:
        await move(self, *args)
        stop_once()

    BatchWrites._move_checkpoints = moved_then_stopped  # type: ignore[method-assign, assignment]


def stop_in_copy() -> None:
    copy: Any = asyncpg.Connection.copy_to_table

    async def stopped_while_copying(self: Any, *args: Any, source: Any, **kwargs: Any) -> str:
        async def stopping() -> AsyncIterator[bytes]:
            # Asked for when Postgres is already waiting for the rows.
            stop_once()
            async for part in source:
                yield part

        copied: str = await copy(self, *args, source=stopping(), **kwargs)
        return copied

    asyncpg.Connection.copy_to_table = stopped_while_copying  # type: ignore[method-assign]
    PoolConnectionProxy.copy_to_table = _through_the_proxy  # type: ignore[method-assign]


async def _through_the_proxy(self: Any, *args: Any, **kwargs: Any) -> str:
    copied: str = await self._con.copy_to_table(*args, **kwargs)
    return copied


POINTS = {
    "read_in_hand": stop_with_a_read_in_hand,
    "in_transaction": stop_in_transaction,
    "in_copy": stop_in_copy,
}


class Telling(SilentObserver):
    """Says what happens."""

    def batch_committed(self, batch: BatchCommitted) -> None:
        say(f"committed {batch.read}")

    def partition_released(self, group: str, partition: int, reason: str) -> None:
        say(f"released {partition} {reason}")


async def main(database_url: str, redis_url: str, point: str) -> None:
    POINTS[point]()
    async with member(
        database_url, redis_url, member_id=WORKER, observer=Telling(), settings=SETTINGS
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
