"""Text as it is compared: small letters, no accents, single spaces, and the way back."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text that still knows which characters of the original it came from."""

    original: str
    text: str
    starts: tuple[int, ...]
    """For each character of `text` the index of its origin in `original`."""

    @property
    def one_line(self) -> str:
        """`text` with a space for each line's end, the places the same."""
        return self.text.replace("\n", " ")

    def quote(self, start: int, end: int) -> str:
        """The original's words behind `text[start:end]`, none of its characters in part."""
        if start >= end:
            return ""
        last = self.starts[end - 1]
        behind = (origin for origin in self.starts[end:] if origin > last)
        stop = next(behind, len(self.original))
        return self.original[self.starts[start] : stop].strip()


def fold(text: str) -> Folded:
    """Small letters without accents; runs of blanks become one, lines stay lines."""
    characters: list[str] = []
    starts: list[int] = []
    for index, character in enumerate(text):
        for folded in _folded(character):
            if folded in " \n" and characters and characters[-1] in " \n":
                if folded == "\n":
                    characters[-1] = "\n"
                continue
            characters.append(folded)
            starts.append(index)
    return Folded(text, "".join(characters), tuple(starts))


def folded(text: str) -> str:
    """The folded text alone, without blanks around it."""
    return fold(text).text.strip()


def words(text: str) -> list[str]:
    """The folded text's words: runs of letters and digits."""
    return "".join(char if char.isalnum() else " " for char in fold(text).text).split()


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    if "!" <= character <= "~":
        return character.lower()
    if character in "\n\r\u2028\u2029":
        return "\n"
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", character.translate(_QUOTES)).casefold()
    return "".join(c for c in plain if not _is_unseen(c) and c not in "\n\r")


def _is_unseen(character: str) -> bool:
    """An accent by itself, a joiner, a soft hyphen, a mark of a text's direction."""
    return unicodedata.combining(character) > 0 or unicodedata.category(character) == "Cf"
