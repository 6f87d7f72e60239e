"""Processes that consume a bench's streams in one of the ways that are compared."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.bench.service import ServiceFailed
from runtime.settings import Settings

_STOP_S = 10.0


class ConsumersUnderTest:
    """Several of one kind."""

    def __init__(self, processes: list[asyncio.subprocess.Process], log: Path) -> None:
        self._processes = processes
        self._log = log

    @property
    def pids(self) -> list[int]:
        """Their processes."""
        return [process.pid for process in self._processes]

    def refuse_if_gone(self) -> None:
        """Raises `ServiceFailed` when one has ended."""
        if any(process.returncode is not None for process in self._processes):
            end = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ServiceFailed(f"a consumer ended:\n{end}")


@asynccontextmanager
async def consuming(
    settings: Settings, folder: Path, *, way: str, processes: int
) -> AsyncIterator[ConsumersUnderTest]:
    """Start so many; at the end stop them.

    Raises:
        ServiceFailed: one ended by itself.
    """
    log = folder / "consumers.log"
    started: list[asyncio.subprocess.Process] = []
    with log.open("wb") as stderr:
        try:
            for _ in range(processes):
                started.append(  # each is to be stopped, also where the next one does not start
                    await asyncio.create_subprocess_exec(
                        *(sys.executable, "-m", "runtime.bench.measured_consumer", way),
                        env={**os.environ, **settings.to_environ()},
                        stdin=asyncio.subprocess.PIPE,
                        stdout=asyncio.subprocess.DEVNULL,
                        stderr=stderr,
                    )
                )
            found = ConsumersUnderTest(started, log)
            yield found
            found.refuse_if_gone()
        finally:
            await _stop(started)


async def _stop(processes: list[asyncio.subprocess.Process]) -> None:
    living = [process for process in processes if process.returncode is None]
    for process in living:
        process.send_signal(signal.SIGTERM)
    _, late = await asyncio.wait(
        [asyncio.ensure_future(process.wait()) for process in living] or [_nothing()],
        timeout=_STOP_S,
    )
    if late:
        for process in living:
            if process.returncode is None:
                process.kill()
        await asyncio.wait(late)


def _nothing() -> asyncio.Future[int]:
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done.set_result(0)
    return done
