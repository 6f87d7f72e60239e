"""Real `serve` processes, forked from a parent that has imported everything: a start costs little.

The parent is `python -m tests.turns.forked_serve`. It obeys one JSON line a command on stdin and
answers each with one line. Its children die with it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from runtime.serve import run
from runtime.settings import load_settings
from tests.consumers.members import ROOT

_PR_SET_PDEATHSIG = 1


class Parent:
    """Starts processes and ends them."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._asking = asyncio.Lock()

    async def start(self, environ: Mapping[str, str], log: Path) -> int:
        """The pid of a new `serve` with this environment; its log lines are added to the file."""
        return await self._ask(do="start", environ=dict(environ), log=str(log))

    async def kill(self, pid: int) -> int:
        """SIGKILL; the exit code, which is another one where it had ended by itself."""
        return await self._ask(do="kill", pid=pid)

    async def _ask(self, **command: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._asking:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def parent() -> AsyncIterator[Parent]:
    """A running parent; it and its children are killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.turns.forked_serve"), stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        yield Parent(process)
    finally:
        process.kill()
        await process.wait()


def _serve(environ: dict[str, str], log: str) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(environ)
    return run(load_settings(env_file=None))


def _fork(environ: dict[str, str], log: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = _serve(environ, log)
    except BaseException:  # noqa: BLE001 - a fork must never return into its parent's loop
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(code)


def _kill(pid: int) -> int:
    # Not reaped yet, so that the pid is nobody else's.
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Obey."""
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "start":
            print(_fork(command["environ"], command["log"]), flush=True)
        else:
            print(_kill(command["pid"]), flush=True)


if __name__ == "__main__":
    main()
