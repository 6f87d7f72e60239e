"""A file of events, one JSON object a line: plain, gzip, or standard input."""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from events.acceptance import place_of
from events.codec import MAX_EVENT_BYTES
from events.errors import InvalidEvent

_LONGEST_LINE = MAX_EVENT_BYTES * 2
"""Of a longer line only the beginning is kept: enough to be refused as too large."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not an event; lines count from 1."""

    line: int
    field: str
    reason: str
    detail: str


class EventFile:
    """Reads the file as often as needed, in constant memory. Blank lines are passed over."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def from_stdin(cls) -> EventFile:
        """Standard input, kept in a temporary file, because it is read twice."""
        spool = tempfile.NamedTemporaryFile(  # noqa: SIM115 - lives until the program ends
            prefix="agent-runtime-", suffix=".jsonl"
        )
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        found = cls(Path(spool.name))
        found._spool = spool
        return found

    _spool: IO[bytes] | None = None

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Line number and bytes, without the line's end.

        Raises:
            OSError, EOFError: the file cannot be read, or its gzip is cut or broken.
        """
        with self.path.open("rb") as probe:
            is_gzip = probe.read(2) == _GZIP_MAGIC
        with gzip.open(self.path) if is_gzip else self.path.open("rb") as source:
            number = 0
            while line := source.readline(_LONGEST_LINE):
                number += 1
                rest = line
                while len(rest) == _LONGEST_LINE and not rest.endswith(b"\n"):
                    rest = source.readline(_LONGEST_LINE)
                if stripped := line.strip():
                    yield number, stripped

    def bad_lines(self) -> Iterator[BadLine | None]:
        """For each line None when it may be published, else what is wrong with it."""
        for number, body in self.lines():
            yield why_bad(number, body)


def why_bad(number: int, body: bytes) -> BadLine | None:
    """What is wrong with a line; None when it may be published."""
    try:
        place_of(body)
    except InvalidEvent as error:
        return BadLine(number, error.field or "-", error.reason, error.detail)
    return None
