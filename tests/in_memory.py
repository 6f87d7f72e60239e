"""Folders in memory for the data of the tests' servers: nothing of it outlives the tests.

On a disk, making and dropping a database for each test costs the kernel several times as much.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
_PREFIX = "agent-runtime-tests-"
_ROOM_BYTES = 6 << 30
"""For the servers of all processes of the tests, several times over."""


def in_memory(folder: Path) -> bool:
    """Whether what is written there costs no disk."""
    return folder.is_relative_to(MEMORY)


@contextmanager
def data_folder(otherwise: Path) -> Iterator[Path]:
    """A new folder in memory, deleted at the end; where there is little of it, the other one."""
    if not _room():
        yield otherwise
        return
    _remove_left_over()
    folder, held = _locked_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _locked_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=MEMORY))
        # Another start may have taken it for a left-over one before it was locked.
        if (held := _lock(folder)) is not None and folder.exists():
            # Where Postgres runs as somebody else, it passes through.
            folder.chmod(0o711)
            return folder, held
        if held is not None:
            os.close(held)


def _room() -> bool:
    """Whether memory is there for it; a container may have a place of that name and no room."""
    try:
        told = dict(ln.split(":", 1) for ln in Path("/proc/meminfo").read_text().splitlines())
        available = int(told["MemAvailable"].split()[0]) << 10
        return min(available, shutil.disk_usage(MEMORY).free) >= _ROOM_BYTES
    except OSError:
        return False


def _remove_left_over() -> None:
    """Delete what tests left that were killed: nobody locks it any more."""
    for folder in MEMORY.glob(f"{_PREFIX}*"):
        if (held := _lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def _lock(folder: Path) -> int | None:
    """The lock of a folder, or nothing where another process has it or it is gone."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd
