"""A file of JSON Lines that is whole or not there, and goes on where a killed run stopped.

    FILE.partial          what is written so far; renamed to FILE at the end
    FILE.partial.state    up to which byte it is good, and which events these are

A checkpoint brings the bytes to the disk first, then the state. What a killed run wrote beyond its
last checkpoint is cut off. With `.gz` each checkpoint ends a gzip member (RFC 1952, section 2.2:
members follow one another), so the file can be cut there.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from consumers.selection import Selection
from runtime.exporting.errors import PlaceUnusable, TakenOver, TargetRefused
from runtime.exporting.lines import as_lines
from runtime.exporting.state import Logged, State
from runtime.exporting.target import MOST

_CHECKPOINT_BYTES = 4 * 1024 * 1024
_CHECKPOINT_S = 2.0
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Replacing:
    """What may go: `whole` a file that stands already, `partial` what an earlier run left."""

    whole: bool = False
    partial: bool = False


class FileTarget:
    """Writes one file. A context: leaving it closes what is open and keeps what is on the disk."""

    def __init__(self, path: Path, *, replacing: Replacing, clock: Callable[[], float]) -> None:
        self.path = path
        self.partial = path.with_name(f"{path.name}.partial")
        self.place = path.with_name(f"{path.name}.partial.state")
        self._replacing = replacing
        self._clock = clock
        self._gzip = path.suffix == ".gz"
        self._fd: int | None = None
        self._packer: Any = None
        self._known: State | None = None
        self._state: State | None = None
        self._kept_at = 0.0
        self._unkept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    @property
    def most(self) -> int:
        """How many events one write takes."""
        return MOST

    @property
    def state(self) -> State:
        """What of the selection was written; before `begin` there is none."""
        if self._state is None:
            raise RuntimeError("not begun")
        return self._state

    async def found(self, selection: Selection) -> State | None:
        """Where an earlier run stopped; see `Target`. Touches nothing."""
        if not self.path.parent.is_dir():
            raise TargetRefused(f"{self.path.parent}: there is no such directory")
        if self.path.exists() and not self.path.is_file():
            raise TargetRefused(f"{self.path} is not a file; `-` is standard output")
        known = self._kept_state()
        if known is not None and not known.is_of(selection):
            if not (known.done and self.path.exists() and not self.partial.exists()):
                raise TargetRefused(
                    f"{self.partial} is of another selection: give the options it was begun with "
                    "to go on with it, or --restart to begin anew"
                )
            # Of a run that was killed after its very last step but one: its file is whole.
            known = None
        if (known is None or not known.done) and self.path.exists() and not self._replacing.whole:
            raise TargetRefused(f"{self.path} stands already: --overwrite replaces it")
        self._known = known
        return known

    async def begin(self, state: State) -> None:
        """Go on from the state; see `Target`.

        Raises:
            TakenOver: another run writes the same file.
        """
        self._state = state
        if state.done:
            return
        self._fd = os.open(self.partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._lock(self._fd)
        os.ftruncate(self._fd, state.written)
        os.lseek(self._fd, state.written, os.SEEK_SET)
        self._keep()

    async def write(self, events: Sequence[Logged], state: State) -> None:
        """Append events; see `Target`."""
        lines, one_lined = as_lines(events)
        data = lines
        if self._gzip:
            self._packer = self._packer or zlib.compressobj(wbits=_GZIP)
            data = self._packer.compress(lines)
        self._append(data)
        after = state.after(events, one_lined=one_lined)
        self._state = replace(after, written=state.written + len(data))
        self._unkept += len(lines)
        if self._unkept >= _CHECKPOINT_BYTES or self._clock() - self._kept_at >= _CHECKPOINT_S:
            self._checkpoint()

    async def pause(self) -> None:
        """Keep the place; see `Target`."""
        self._checkpoint()

    async def finish(self) -> None:
        """Make the file whole; see `Target`. Asked again after a kill, it does what is left."""
        if self._fd is not None:
            self._state = replace(self.state, done=True)
            self._checkpoint()
        if self.partial.exists():
            self.partial.replace(self.path)
        _sync_directory(self.path.parent)
        self.place.unlink(missing_ok=True)
        _sync_directory(self.path.parent)

    def _kept_state(self) -> State | None:
        if self._replacing.partial:
            return None
        try:
            raw = self.place.read_bytes()
        except FileNotFoundError:
            if self.partial.exists() and self.partial.stat().st_size:
                raise PlaceUnusable(
                    f"{self.partial} has lost {self.place.name}: --restart begins anew"
                ) from None
            return None
        try:
            known = State.from_json(raw)
        except ValueError as error:
            raise PlaceUnusable(f"{self.place} is damaged: --restart begins anew") from error
        there = self.partial if self.partial.exists() or not known.done else self.path
        size = there.stat().st_size if there.exists() else 0
        if size < known.written:
            raise PlaceUnusable(
                f"{there} has {size} bytes, and had {known.written}: --restart begins anew"
            )
        return known

    def _lock(self, fd: int) -> None:
        """Hold the partial file for this run alone, and see that it is still what was found."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TakenOver(f"another run writes {self.partial}") from error
        renamed = not self.partial.exists() or self.partial.stat().st_ino != os.fstat(fd).st_ino
        if renamed or (self._known is not None and self._kept_state() != self._known):
            raise TakenOver(f"another run has just written {self.partial}")

    def _append(self, data: bytes) -> None:
        fd = self._open_fd()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]

    def _checkpoint(self) -> None:
        if self._packer is not None:
            end = self._packer.flush()
            self._append(end)
            self._packer = None
            self._state = replace(self.state, written=self.state.written + len(end))
        self._keep()

    def _keep(self) -> None:
        os.fsync(self._open_fd())
        new = self.place.with_name(f"{self.place.name}.new")
        with new.open("wb") as file:
            file.write(self.state.to_json())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.place)
        _sync_directory(self.path.parent)
        self._unkept, self._kept_at = 0, self._clock()

    def _open_fd(self) -> int:
        if self._fd is None:
            raise RuntimeError("not open")
        return self._fd


def _sync_directory(folder: Path) -> None:
    """Bring a rename to the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
