"""Processes that a rebuild's work is given to: forked before there is anything to inherit, else started.

A forked one has all modules that its parent has; one that is started reads and imports them again, which
takes as long as filling in tens of thousands of events. So `forked` is for the beginning of a command.
Whoever died is replaced by one that is started: by then there are connections, a loop, perhaps threads.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NoReturn

from runtime.rebuilding.worker import serve
from runtime.settings import Settings

_AT_ONCE = 65536
_STANDARD_ERRORS = 2


class Hand:
    """A worker process: does one order after the other, until this process ends or dismisses it.

    `orders` and `answers` are its pipes' ends in this process, `errors` a file for what it says besides;
    `wait` gives its exit code once it has ended, negative by a signal.
    """

    def __init__(
        self, pid: int, orders: int, answers: int, errors: IO[bytes], wait: Callable[[], int]
    ) -> None:
        self.ends = (orders, answers)
        self._pid = pid
        self._errors = errors
        self._wait = wait
        self._code: int | None = None

    @classmethod
    def started(cls, settings: Settings) -> Hand:
        """A new one, whatever this process has open."""
        (orders, to_it), (from_it, answers), errors = _pipe(), _pipe(), _file()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "runtime.rebuilding.worker"],
                stdin=orders,
                stdout=answers,
                stderr=errors,
                env={
                    **os.environ,
                    "SUPABASE_DB_URL": settings.database_dsn(),
                    "REDIS_URL": settings.redis_dsn(),
                },
            )
        finally:
            os.close(orders)
            os.close(answers)
        return cls(process.pid, to_it, from_it, errors, process.wait)

    @classmethod
    def forked(cls, settings: Settings, others: list[Hand]) -> Hand:
        """A copy of this process, which has no loop and no other thread; no end of the others stays open."""
        (orders, to_it), (from_it, answers), errors = _pipe(), _pipe(), _file()
        pid = os.fork()
        if not pid:
            not_its = [to_it, from_it, *(end for one in others for end in one.ends)]
            _be_a_worker(settings, (orders, answers, errors.fileno()), not_its)
        os.close(orders)
        os.close(answers)
        return cls(pid, to_it, from_it, errors, lambda: _exit_code(pid))

    async def answer(self, order: bytes) -> bytes:
        """Give it a line; its answer is a line, or nothing where it died instead."""
        orders, answers = self.ends
        with suppress(BrokenPipeError):
            os.write(orders, order)
        line = b""
        while not line.endswith(b"\n"):
            await _readable(answers)
            if not (read := os.read(answers, _AT_ONCE)):
                return b""
            line += read
        return line

    def ended(self) -> tuple[int, str]:
        """Of one that gave no answer: its exit code, and the last line of what it said."""
        code = self._ended()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")
        return code, said.strip().rpartition("\n")[2]

    def dismiss(self) -> None:
        """End it, whatever it does; once."""
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)
        self._ended()
        for end in self.ends:
            os.close(end)
        self._errors.close()

    def _ended(self) -> int:
        if self._code is None:
            self._code = self._wait()
        return self._code


@contextmanager
def forked(count: int, settings: Settings) -> Iterator[list[Hand]]:
    """So many that wait for orders; who is in the list at the end is dismissed.

    Before this process has a loop, a thread or a connection.
    """
    hands: list[Hand] = []
    try:
        for _ in range(count):
            hands.append(Hand.forked(settings, hands))
        yield hands
    finally:
        for hand in hands:
            hand.dismiss()


def _be_a_worker(settings: Settings, own: tuple[int, int, int], not_its: list[int]) -> NoReturn:
    code = 1
    try:
        # Ctrl-C is its parent's to answer, whose end is this process's.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for standard, fd in enumerate(own):
            os.dup2(fd, standard)
        for fd in (*own, *not_its):
            os.close(fd)
        code = serve(settings)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent's own work is not gone on with
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    return _above_standard(reading), _above_standard(writing)


def _above_standard(fd: int) -> int:
    """The same where it cannot be taken for standard input, output or errors, one of which was closed."""
    if fd > _STANDARD_ERRORS:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _STANDARD_ERRORS + 1)
    os.close(fd)
    return moved


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


async def _readable(fd: int) -> None:
    loop, is_readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, is_readable.set)
    try:
        await is_readable.wait()
    finally:
        loop.remove_reader(fd)
