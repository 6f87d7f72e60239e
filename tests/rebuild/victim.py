"""A rebuild that kills or stops its own process when it comes to a point.

Run as `python -m tests.rebuild.victim SIGNAL DATABASE_URL POINT NUMBER KIND COMPANY NAME…`: it sends
itself SIGNAL when it comes to POINT for the NUMBERth time; COMPANY narrows it, unless it is `-`. One that is
stopped does not beat: its sessions stand between statements.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from consumers.rebuild.plan import Kind
from consumers.selection import Selection
from tests.forked_process import ForkedProcess, start_module
from tests.rebuild.ground import SETTINGS, Watched, rebuilt


async def killed_at(
    database_url: str,
    point: str,
    *names: str,
    number: int = 1,
    kind: Kind = Kind.REPLAY,
    company: str | None = None,
) -> None:
    """Rebuild in a process of its own until it dies there.

    Raises:
        AssertionError: it came to its end, or failed before.
    """
    given = (database_url, point, str(number), kind, company or "-", *names)
    process = await _started(signal.SIGKILL, *given)
    _, wrong = await process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{point}: {wrong.decode()}"


@asynccontextmanager
async def stopped_at(
    database_url: str, point: str, *names: str
) -> AsyncIterator[ForkedProcess | Process]:
    """A rebuild in a process of its own that stands still there; killed at the end."""
    process = await _started(signal.SIGSTOP, database_url, point, "1", Kind.REPLAY, "-", *names)
    try:
        async with asyncio.timeout(60):
            while not _stands_still(process.pid):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def _started(number: signal.Signals, *words: str) -> ForkedProcess | Process:
    return await start_module("tests.rebuild.victim", number.name, *words)


async def _main(
    told: str, database_url: str, point: str, number: str, kind: str, company: str, *names: str
) -> None:
    times = itertools.count(1)

    async def die() -> None:
        if next(times) == int(number):
            os.kill(os.getpid(), signal.Signals[told])

    await rebuilt(
        database_url,
        *names,
        kind=Kind(kind),
        selection=None if company == "-" else Selection(company=company),
        observer=Watched(**{point.replace(" ", "_"): die}),
        settings=SETTINGS if told == "SIGKILL" else replace(SETTINGS, beat_s=600),
    )


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
