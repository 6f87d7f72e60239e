"""The service under test: `agent-runtime serve` in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from projections import groups
from runtime.bench.servers import BenchServers
from runtime.bench.usage import children_of, cpu_of_s
from runtime.settings import Settings

_PROGRAM = "from runtime.cli import main; main()"
_START_S = 60.0


class ServiceFailed(Exception):
    """The service did not start, or ended by itself; with the end of its log."""


class ServiceUnderTest:
    """A running `serve`, its children included."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    def refuse_if_gone(self) -> None:
        """Raises `ServiceFailed` when it has ended."""
        if self._process.returncode is not None:
            end = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ServiceFailed(f"the service ended with {self._process.returncode}:\n{end}")

    def cpu_s(self) -> float | None:
        """What it and its children have computed, in seconds; None where the system does not tell."""
        return cpu_of_s(self.pids)

    @property
    def pids(self) -> list[int]:
        """Its process and its children's."""
        return [self._process.pid, *children_of(self._process.pid)]

    async def wait_consuming(self, servers: BenchServers, partitions: int) -> None:
        """Until it owns every partition in every group."""
        async with asyncio.timeout(_START_S):
            while await servers.owned_partitions() < partitions * len(groups.ALL):
                self.refuse_if_gone()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def serving(
    settings: Settings, servers: BenchServers, folder: Path
) -> AsyncIterator[ServiceUnderTest]:
    """Start it, wait until it consumes; at the end stop it as an operator does.

    Raises:
        ServiceFailed: besides `TimeoutError`.
    """
    log = folder / "serve.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _PROGRAM, "serve"),
            # Without the `.env` of whoever starts the bench.
            cwd=folder,
            env={**os.environ, **settings.to_environ()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=stderr,
        )
    service = ServiceUnderTest(process, log)
    try:
        await service.wait_consuming(servers, settings.partitions)
        yield service
        service.refuse_if_gone()
    finally:
        await _stop(process, settings.shutdown_grace_s)


async def _stop(process: asyncio.subprocess.Process, grace_s: float) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(grace_s + 10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
