"""The words and numbers of a folded text, one after the other, each with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+|[^\sa-z0-9]|\n")

# What stands before the name of a street: such names are dates, cities and persons.
STREETS: Final = frozenset(
    {"rua", "r", "av", "avenida", "praca", "travessa", "alameda", "rodovia", "estrada", "largo"}
)


@dataclass(frozen=True, slots=True)
class Word:
    """A run of letters, a run of digits, one other sign or the end of a line."""

    plain: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text; asking beyond either end gives the empty word."""

    items: Sequence[Word]

    def plain(self, at: int) -> str:
        """The word at a place, `""` where there is none."""
        return self.items[at].plain if 0 <= at < len(self.items) else ""

    def follows(self, at: int, *expected: str) -> bool:
        """Whether just these words stand from there on."""
        return all(self.plain(at + step) == word for step, word in enumerate(expected))

    def touching(self, at: int) -> bool:
        """Whether nothing separates this word from the one before it."""
        return 0 < at < len(self.items) and self.items[at - 1].end == self.items[at].start


def split_words(plain: str) -> Words:
    """The words in the order of the text."""
    return Words([Word(hit[0], hit.start(), hit.end()) for hit in _WORD.finditer(plain)])


def word_set(listed: str) -> frozenset[str]:
    """The words of a listing, separated by spaces."""
    return frozenset(listed.split())


def phrase_set(listed: str) -> frozenset[str]:
    """The phrases of a listing, separated by commas."""
    return frozenset(listed.split(","))
