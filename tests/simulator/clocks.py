"""Wall clocks that are wrong: one offset a worker slot, in memory that the processes share."""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import datetime, tzinfo
from pathlib import Path

SLOTS = 8
_BYTES = 8
_wall_clock = time.time


class Clocks:
    """The offsets, in seconds."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(bytes(_BYTES * SLOTS))
        with file.open("r+b") as shared:
            self._offsets = mmap.mmap(shared.fileno(), _BYTES * SLOTS)

    def jump(self, slot: int, by_s: float) -> None:
        """Set a slot's clock off by so much."""
        struct.pack_into("d", self._offsets, _BYTES * slot, by_s)

    def rule(self, slot: int) -> None:
        """From now on the engine in this process reads the slot's clock.

        Its modules took the function and the class by name: each gets ours in their place. The
        monotonic clock is left alone.
        """

        def shifted() -> float:
            offset: float = struct.unpack_from("d", self._offsets, _BYTES * slot)[0]
            return _wall_clock() + offset

        class Shifted(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.fromtimestamp(shifted(), tz)

        time.time = shifted
        for name, module in list(sys.modules.items()):
            if name.startswith("consumers."):
                for ours, theirs in ((shifted, _wall_clock), (Shifted, datetime)):
                    for known, value in list(vars(module).items()):
                        if value is theirs:
                            setattr(module, known, ours)
