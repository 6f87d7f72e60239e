"""Finds a quote in a text, whatever its accents, case and spacing."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_MARKS = " \"'“”‘’«»"


def find(quote: str, text: str) -> str | None:
    """The stretch of the text that a quote stands for, as it is written there; None without one.

    Only whole words count: "ana" is not found in "banana".
    """
    wanted, _ = _folded(quote.strip(_MARKS))
    if not (wanted := wanted.strip()):
        return None
    folded, places = _folded(text)
    start = folded.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if _bounded(folded, start, end):
            return text[places[start] : _past_marks(text, places[end - 1])]
        start = folded.find(wanted, start + 1)
    return None


def occurs(quote: str, text: str) -> bool:
    """Whether the quote stands in the text."""
    return find(quote, text) is not None


def words(text: str) -> list[str]:
    """The text's words, without accents and case."""
    folded, _ = _folded(text)
    return "".join(char if char.isalnum() else " " for char in folded).split()


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without accents, case and repeated space, and where each character came from."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for part in _parts(char):
            if part == " " and chars and chars[-1] == " ":
                continue
            chars.append(part)
            places.append(place)
    return "".join(chars), places


@lru_cache(maxsize=4096)
def _parts(char: str) -> tuple[str, ...]:
    """What a character is compared by: nothing for a mark or a joiner, one space for any space."""
    folded = unicodedata.normalize("NFKD", char).casefold()
    kept = (
        part
        for part in folded
        if not unicodedata.combining(part) and unicodedata.category(part) != "Cf"
    )
    return tuple(" " if part.isspace() else part for part in kept)


def _bounded(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    return not before and not after


def _past_marks(text: str, last: int) -> int:
    end = last + 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
