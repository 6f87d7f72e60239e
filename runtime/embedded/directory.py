"""Who uses a data directory, and where its servers' sockets are. All of it ends with the processes.

Only flock(2) is asked, never a process id: the kernel lets go when the last holder ends, however
it ends, so no lock is ever stale.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

from runtime.embedded.errors import DataDirectoryBusy

# The shortest there is; mkdtemp makes what is in it private.
_SHORT = Path("/tmp")  # noqa: S108
_SOCKETS_PREFIX = "agent-runtime-sockets-"
_SERVERS_END_WITHIN_S = 30.0


class HeldDirectory:
    """A data directory held by this program.

    `servers_fd` is for the servers to inherit: while one of them runs, even without the program
    that started it, the directory is not given to another program.

    Raises:
        DataDirectoryBusy: another program holds it, or its servers did not end in 30 s.
    """

    def __init__(self, program_fd: int, servers_fd: int) -> None:
        self._program_fd = program_fd
        self.servers_fd = servers_fd

    @classmethod
    def hold(cls, directory: Path) -> Self:
        """Take the directory; wait for the servers of a program that was killed."""
        program = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(program):
            owner = os.pread(program, 20, 0).strip()
            os.close(program)
            raise DataDirectoryBusy(directory, int(owner) if owner.isdigit() else None)
        os.truncate(program, 0)
        os.pwrite(program, str(os.getpid()).encode(), 0)
        servers = os.open(directory / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _SERVERS_END_WITHIN_S
        while not _try_lock(servers):
            if time.monotonic() > deadline:
                os.close(servers)
                os.close(program)
                raise DataDirectoryBusy(directory, None)
            time.sleep(0.01)
        return cls(program, servers)

    def release(self) -> None:
        """Let others have it."""
        os.close(self.servers_fd)
        os.close(self._program_fd)


class SocketsDirectory:
    """A short directory under /tmp: paths of unix sockets end at 107 bytes."""

    def __init__(self) -> None:
        _remove_left_over()
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=_SOCKETS_PREFIX, dir=_SHORT))
            self._fd = os.open(self.path, os.O_RDONLY)
            # Another start may have taken it for a left-over one before it was locked.
            if _try_lock(self._fd) and self.path.exists():
                return
            os.close(self._fd)

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._fd)


def _remove_left_over() -> None:
    """Delete the socket directories of programs that were killed."""
    for path in _SHORT.glob(f"{_SOCKETS_PREFIX}*"):
        try:
            found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        if _try_lock(found):
            shutil.rmtree(path, ignore_errors=True)
        os.close(found)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
