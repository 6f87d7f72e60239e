"""A member that freezes at a named point, prints it, and waits to be killed.

Run as `python -m tests.consumers.victim DATABASE_URL REDIS_URL before_commit|before_ack GROUP`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from consumers.batch_writes import BatchWrites
from consumers.reader import Reader
from projections.groups import group_named
from tests.consumers.members import AMONG_THE_DYING, member


async def _freeze(point: str) -> None:
    print(f"frozen {point}", flush=True)
    await asyncio.Event().wait()


def _arm(point: str) -> None:
    if point == "before_commit":
        move: Any = BatchWrites._move_checkpoints

        async def moved_then_frozen(self: BatchWrites, *args: Any) -> None:
            await move(self, *args)
            await _freeze(point)

        BatchWrites._move_checkpoints = moved_then_frozen  # type: ignore[method-assign, assignment]
    elif point == "before_ack":

        async def frozen(self: Reader, entries: Any, *, at_once: bool) -> None:
            if any(entries.values()):
                await _freeze(point)

        Reader.acknowledge = frozen  # type: ignore[method-assign]
    else:
        raise SystemExit(f"no such point: {point}")


async def main(database_url: str, redis_url: str, point: str, group: str) -> None:
    _arm(point)
    victim = f"victim-{os.getpid()}"
    async with member(
        database_url,
        redis_url,
        member_id=victim,
        group=group_named(group),
        settings=AMONG_THE_DYING,
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
