"""A text as the rules read it: lower case, no accents, plain spaces, dashes and quotes.

Every folded character knows where it came from, so what a rule finds is quoted from the text as the
customer wrote it, however its accents are encoded.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

_DASHES: Final = "‐‑‒–—―−"
_QUOTES: Final = "‘’ʼ´`"
_ORDINALS: Final = {"ª": "a", "º": "o", "°": "o"}
# Letters of other tongues' names that have no mark to take off.
_FOREIGN: Final = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ß": "s", "þ": "t", "æ": "a", "œ": "o"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` as it was written, `plain` as it is matched; `offsets[i]` is where `plain[i]` starts.

    `offsets` has one entry more than `plain`: the length of the text.
    """

    text: str
    plain: str
    offsets: tuple[int, ...]

    def written(self, start: int, end: int) -> str:
        """What stands in the text at a stretch of `plain`."""
        return self.text[self.offsets[start] : self.offsets[end]]


def fold(text: str) -> Folded:
    """The text folded character by character; marks, doubled spaces and what has no width vanish."""
    plain: list[str] = []
    offsets: list[int] = []
    for at, character in enumerate(text):
        folded = _fold_character(character)
        if folded and not (folded == " " and plain and plain[-1] == " "):
            plain.append(folded)
            offsets.append(at)
    offsets.append(len(text))
    return Folded(text, "".join(plain), tuple(offsets))


def fold_word(text: str) -> str:
    """Only the folded characters, for keys of tables."""
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    """One folded character, or none; never more, so that offsets stay one to one."""
    if character == "\r":
        return ""
    if character == "\t":
        return " "
    if character.isascii():
        return character.lower()
    if character in _DASHES:
        return "-"
    if character in _QUOTES:
        return "'"
    if character in _ORDINALS:
        return _ORDINALS[character]
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    if category == "Zs":
        return " "
    if character.isdigit():
        return str(unicodedata.digit(character))
    plain = unicodedata.normalize("NFKD", character)[0].lower()[0]
    return _FOREIGN.get(plain, plain)
