"""A process that looks a thousand times a second how far the read models are, until SIGTERM.

It reads the group's checkpoints, eight bytes a partition, which change in the very transaction that
makes the rows readable: no look costs more when there is more to see. What changed is told with the
time after the answer came, so a delay is at most one look too long and never too short.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import orjson
import uvloop

from projections.statements import statements
from runtime.capabilities import POOLER, detect_postgres
from runtime.postgres_connection import connect
from runtime.settings import Settings, load_settings

EVERY_S = 0.001
_SQL = statements("runtime.bench", "ways.sql")


def main() -> int:
    """What was seen goes to standard output at the end; the first line says that it begins."""
    uvloop.run(_look(load_settings(env_file=None)))
    return 0


async def _look(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    db = await connect(settings.database_dsn())
    look = await _looking(db, settings.database_dsn())
    positions: dict[int, int] = {}
    seen: list[tuple[float, int, int]] = []
    gaps_s: list[float] = []
    before_s = time.time()
    sys.stdout.write("looking\n")
    sys.stdout.flush()
    try:
        while not stop.is_set():
            rows = await look("projections")
            now_s = time.time()
            for partition, position in rows:
                if positions.get(partition) != position:
                    positions[partition] = position
                    seen.append((now_s, partition, position))
            gaps_s.append(now_s - before_s)
            before_s = now_s
            _rest(max(0.0, now_s + EVERY_S - time.time()))
    finally:
        await db.close()
    sys.stdout.write(orjson.dumps({"seen": seen, "gaps_s": gaps_s}).decode())


async def _looking(
    db: asyncpg.Connection, dsn: str
) -> Callable[[str], Awaitable[list[asyncpg.Record]]]:
    """The positions of a group; prepared once where no pooler is between, so that a look costs little.

    Parsed anew each time it took three times as much of the processors that are measured.
    """
    if (await detect_postgres(db, dsn)).route == POOLER:
        return partial(db.fetch, _SQL["positions"])
    return (await db.prepare(_SQL["positions"], name="positions")).fetch


def _rest(seconds: float) -> None:
    """By the system's own timer: the event loop's counts whole milliseconds. Nothing else runs here."""
    time.sleep(seconds)


if __name__ == "__main__":
    sys.exit(main())
