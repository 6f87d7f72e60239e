"""A module of the tests as a process forked from the parent of the commands, to be waited for or killed.

It is what `asyncio.create_subprocess_exec(sys.executable, "-m", module, …)` gives, without the time
that imports take. Elsewhere than on Linux, it is just that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

from tests.forked_command import ROOT, TOO_LATE, parent


class ForkedProcess:
    """What tests use of `asyncio.subprocess.Process`; standard input is empty."""

    def __init__(self, pid: int, out: asyncio.StreamReader, err: asyncio.StreamReader) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = out, err
        self._gone = asyncio.Event()
        # Nobody else's until it is reaped, so that it is the right one for certain.
        self._fd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._fd, self._ended)

    async def wait(self) -> int:
        """The exit code, negative for a signal."""
        await self._gone.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """All that it says, to its end."""
        out, err, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        self.returncode = parent().reap(self.pid)
        self._gone.set()


async def start_module(
    module: str, *words: str, environ: Mapping[str, str] | None = None
) -> ForkedProcess | Process:
    """Run a module in the folder of the project, its output and its errors in pipes.

    Without an environment it has ours.
    """
    given = dict(os.environ if environ is None else environ)
    if sys.platform != "linux":
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *words),
            env={**given, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
    kept = {name: value for name, value in given.items() if not name.startswith(TOO_LATE)}
    nothing = os.open(os.devnull, os.O_RDONLY)
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    try:
        # The first one waits for the parent to be ready.
        pid = await asyncio.to_thread(
            parent().start,
            (nothing, out_end, err_end),
            module=module,
            words=list(words),
            environ=kept,
            folder=str(ROOT),
        )
    finally:
        for end in (nothing, out_end, err_end):
            os.close(end)
    return ForkedProcess(pid, await _reader(out), await _reader(err))


async def _reader(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", buffering=0)
    )
    return reader
