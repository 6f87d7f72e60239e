"""What one rule proposes, before the proposals of all rules are held against each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runtime.extraction.folding import Folded
from runtime.extraction.found import Found, Kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value at a stretch of the folded text.

    `quoted` is the wider stretch to quote where the value's unit stands elsewhere, as that of the 2 in
    "2 a 3 mil"; two quotes may then share words, the stretches themselves never do.
    """

    kind: Kind
    value: str
    start: int
    end: int
    confidence: float
    quoted: tuple[int, int] | None = None

    def found(self, folded: Folded) -> Found:
        """The same as the caller sees it: in the text as it was written."""
        start, end = (folded.offsets[at] for at in self.quoted or (self.start, self.end))
        return Found(self.kind, self.value, folded.text[start:end], start, end, self.confidence)


def overlaps(one: Candidate, others: Iterable[Candidate]) -> bool:
    """Whether a candidate shares words with any of the others."""
    return any(one.start < other.end and other.start < one.end for other in others)
