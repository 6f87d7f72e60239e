"""Finds a quote in a text, whatever its accents, case and spacing."""

from __future__ import annotations

from runtime.agent.folding import fold

_MARKS = " \"'“”‘’«»"


def find(quote: str, text: str) -> str | None:
    """The stretch of the text that a quote stands for, as it is written there; None without one.

    Only whole words count: "ana" is not found in "banana". A line's end is a space.
    """
    wanted = fold(quote.strip(_MARKS)).one_line.strip()
    if not wanted:
        return None
    read = fold(text)
    plain = read.one_line
    start = plain.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if _bounded(plain, start, end):
            return read.quote(start, end)
        start = plain.find(wanted, start + 1)
    return None


def _bounded(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not after
