"""The id that Redis gives a stream entry."""

from __future__ import annotations

import re
from typing import NamedTuple

_ENTRY_ID = re.compile(r"(\d{1,20})-(\d{1,20})")
_MAX_U64 = 2**64 - 1


class EntryId(NamedTuple):
    """A stream entry's id: milliseconds and sequence, compared as integers, never as text.

    `EntryId(9, 0) < EntryId(10, 0)` holds, while `"9-0" < "10-0"` does not.

    Source: https://redis.io/docs/latest/develop/data-types/streams/#entry-ids
    """

    ms: int
    seq: int

    @classmethod
    def parse(cls, text: str | bytes) -> EntryId:
        """Read `"<ms>-<seq>"` as Redis writes it.

        Raises:
            ValueError: the text is not a complete entry id.
        """
        plain = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        match = _ENTRY_ID.fullmatch(plain)
        if match is None:
            raise ValueError(f"not an entry id: {plain!r}")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def written(cls, text: str | bytes) -> EntryId:
        """Read what Redis or the log gave, whose form is known: in a third of `parse`'s time."""
        ms, _, seq = text.partition("-") if isinstance(text, str) else text.partition(b"-")
        return cls(int(ms), int(seq))

    def after(self) -> EntryId:
        """The smallest id above this one (for exclusive ranges without the `(` of 6.2)."""
        return EntryId(self.ms, self.seq + 1) if self.seq < _MAX_U64 else EntryId(self.ms + 1, 0)

    def before(self) -> EntryId:
        """The greatest id below this one.

        Raises:
            ValueError: there is none below 0-0.
        """
        if self.seq > 0:
            return EntryId(self.ms, self.seq - 1)
        if self.ms == 0:
            raise ValueError("no entry id is below 0-0")
        return EntryId(self.ms - 1, _MAX_U64)

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"


ZERO = EntryId(0, 0)
"""Before every entry: the cursor of a group that has read nothing."""
