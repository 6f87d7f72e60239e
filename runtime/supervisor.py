"""`serve --processes N`: a parent with the sidecar, and children that consume.

The parent keeps what each child last told (once a second) in memory; a child that dies is started
again with a growing pause and seen in `/ready` meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from asyncio.subprocess import Process
from dataclasses import dataclass
from typing import Any

import orjson
from prometheus_client.metrics_core import Metric

from consumers.backoff import Backoff
from runtime.consumer_process import REFUSED
from runtime.exposition import Encoded, encode, merge, only_summed
from runtime.logs import get_logger
from runtime.merged_readiness import merged_ready
from runtime.metric_families import CHECK_UP, DOMAIN_EVENTS, LOST
from runtime.metrics import Metrics
from runtime.service import CLOSING_S, StartRefused
from runtime.settings import Settings

_log = get_logger(__name__)
_LINE_LIMIT = 64 * 1024 * 1024
_STEADY_S = 30.0
"""A child that lived so long starts again without a growing pause."""
_EXACT = frozenset({DOMAIN_EVENTS.name, LOST.name})
"""Told by the owner of the partition alone: never added up, never kept for a dead child."""


@dataclass(slots=True)
class _Child:
    number: int
    process: Process | None = None
    told: dict[str, Any] | None = None
    told_at: float = 0.0
    fault: str | None = None
    refused: str | None = None


class Supervisor:
    """Keeps N consumer processes running until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children = [_Child(number) for number in range(1, settings.processes + 1)]
        self._retired: Encoded = []
        self._own = Metrics(lambda: (), self._ups)

    def ready(self) -> dict[str, Any]:
        """The body of `GET /ready`: of each check, the worst child's."""
        now = time.monotonic()
        told = {c.number: (c.told["ready"], now - c.told_at) for c in self._children if c.told}
        faults = {c.number: c.fault for c in self._children if c.fault}
        return merged_ready(told, faults, len(self._children))

    def families(self) -> list[Metric]:
        """The children's metrics as one process's; sums outlive the child that counted."""
        told = [_without_checks(c.told["metrics"]) for c in self._children if c.told]
        return merge([encode(self._own.collect()), self._retired, *told], largest=_EXACT)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the children running until `stop`; then SIGTERM, and SIGKILL after the grace.

        Raises:
            StartRefused: a child said that it must not run.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                keepers = [
                    tasks.create_task(self._keep(child, stop), name=f"child-{child.number}")
                    for child in self._children
                ]
                await stop.wait()
                await self._stop_children(keepers)
        except* StartRefused as refused:
            raise StartRefused(str(refused.exceptions[0])) from None
        finally:
            self._signal_all("kill")

    async def _stop_children(self, keepers: list[asyncio.Task[None]]) -> None:
        self._signal_all("terminate")
        grace_s = self._settings.shutdown_grace_s + 2 * CLOSING_S
        _, late = await asyncio.wait(keepers, timeout=grace_s)
        if late:
            _log.warning("supervisor.stop_cut", grace_s=grace_s, children=len(late))
            self._signal_all("kill")
            await asyncio.wait(late, timeout=CLOSING_S)
        for keeper in late:
            keeper.cancel()

    async def _keep(self, child: _Child, stop: asyncio.Event) -> None:
        backoff = Backoff(initial_s=0.2, max_s=10.0)
        while not stop.is_set():
            started = time.monotonic()
            code = await self._live(child, stop)
            self._retire(child)
            if stop.is_set():
                return
            if code == REFUSED:
                raise StartRefused(child.refused or f"process {child.number} refused to start")
            if time.monotonic() - started > _STEADY_S:
                backoff.reset()
            wait_s = backoff.next_s()
            child.fault = f"exited with {code}; starts again in {wait_s:.1f} s"
            _log.error(
                "supervisor.child_died", child=child.number, code=code, wait_s=round(wait_s, 2)
            )
            await _wait_or_stop(stop, wait_s)

    async def _live(self, child: _Child, stop: asyncio.Event) -> int:
        """Start the child and listen to it until it is gone; returns its exit code."""
        ours, theirs = socket.socketpair()
        try:
            child.process = await self._spawn(theirs)
        finally:
            theirs.close()
        _log.info("supervisor.child_started", child=child.number, pid=child.process.pid)
        if stop.is_set():
            child.process.terminate()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT)
        try:
            await self._listen(child, reader)
            return await child.process.wait()
        finally:
            writer.close()

    async def _spawn(self, link: socket.socket) -> Process:
        environ = {**os.environ, **self._settings.to_environ(), "PROCESSES": "1"}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "runtime.consumer_process",
            str(link.fileno()),
            str(os.getpid()),
            pass_fds=(link.fileno(),),
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
        )

    async def _listen(self, child: _Child, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                if not line.endswith(b"\n"):
                    return
                message = orjson.loads(line)
                child.refused = message.get("refused")
                if "ready" in message:
                    child.told, child.told_at, child.fault = message, time.monotonic(), None
        except ConnectionError:
            return

    def _retire(self, child: _Child) -> None:
        child.process = None
        if child.told is not None:
            summed = only_summed(child.told["metrics"], largest=_EXACT)
            self._retired = encode(merge([self._retired, summed]))
            child.told = None

    def _signal_all(self, how: str) -> None:
        for child in self._children:
            if child.process is not None and child.process.returncode is None:
                getattr(child.process, how)()

    def _ups(self) -> dict[str, bool]:
        return {name: check["state"] == "ok" for name, check in self.ready()["checks"].items()}


async def _wait_or_stop(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _without_checks(snapshot: Encoded) -> Encoded:
    return [family for family in snapshot if family["name"] != CHECK_UP.name]
