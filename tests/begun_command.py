"""`agent-runtime …` in a process forked from the parent of the commands, whose end a test decides.

It leads a session of its own, so that a signal to its group reaches it as at a terminal.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from tests.forked_command import DEADLINE_S, parent


class BegunCommand:
    """What tests use of `subprocess.Popen`; there is nothing to read on its standard input.

    Raises (from what waits):
        TimeoutError: it ran too long, and was killed.
    """

    def __init__(self, pid: int, out: BinaryIO | None, err: BinaryIO | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = out, err
        # Nobody else's until it is reaped, so that it is the right one for certain.
        self._fd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._ended(within_s=0)

    def wait(self, within_s: float = DEADLINE_S) -> int:
        """Its exit code, when it has ended."""
        code = self._ended(within_s)
        if code is None:
            self.send_signal(signal.SIGKILL)
            raise TimeoutError(f"process {self.pid} ran for more than {within_s:.0f} s")
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self) -> tuple[bytes, bytes]:
        """All that it says from now on, to its end."""
        with ThreadPoolExecutor(1) as beside:
            err = beside.submit(_rest, self.stderr)
            out = _rest(self.stdout)
        self.wait()
        return out, err.result()

    def _ended(self, within_s: float) -> int | None:
        if self.returncode is None:
            looking = select.poll()
            looking.register(self._fd, select.POLLIN)
            if looking.poll(1000 * within_s):
                self.returncode = parent().reap(self.pid)
                os.close(self._fd)
        return self.returncode


def begin_command(
    words: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> BegunCommand:
    """Start it; an output is a descriptor, or a pipe to read from."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    out, out_end = _ends(stdout)
    err, err_end = _ends(stderr)
    try:
        pid = parent().start(
            (nothing, out_end, err_end),
            words=list(words),
            environ=dict(environ),
            folder=str(folder),
            session=True,
        )
    finally:
        os.close(nothing)
        for given, end in ((stdout, out_end), (stderr, err_end)):
            if given == subprocess.PIPE:
                os.close(end)
    return BegunCommand(pid, out, err)


def _ends(given: int) -> tuple[BinaryIO | None, int]:
    if given != subprocess.PIPE:
        return None, given
    ours, theirs = os.pipe()
    return os.fdopen(ours, "rb"), theirs


def _rest(stream: BinaryIO | None) -> bytes:
    if stream is None:
        return b""
    with stream:
        return stream.read()
