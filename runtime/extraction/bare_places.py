"""Places that stand without any word that makes them a place: a line, a field beside a name, an opening."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.name_words import PARTICLES, TITLES, first_names, is_role, surnames
from runtime.extraction.words import Words, word_set

_MOST_BEFORE: Final = 10
_ENDS: Final = frozenset({"", "\n", ",", ".", ":", "-", "/", "(", ")", "!", ";", "|"})
_MARKS: Final = frozenset({")", ".", "-", ":", "*"})
# Who opens with a place asks something about it.
_ASKS: Final = re.compile(
    r"tem |, (?:quanto|qual|tem|vcs|voces|quero|preciso|queria|compro|vendo|procuro|gostaria|chega|entrega|entregam|atende|atendem|da pra|demora|moro|em quanto|[0-9]{5})\b"
)
_SIGNS: Final = word_set(", - | / (") | PARTICLES


def stands_bare(words: Words, first: int, after: int) -> bool:
    """Whether a place is a field or line of its own, or opens a question."""
    if words.plain(after) not in _ENDS:
        return False
    return (
        _own_line(words, first, after)
        or _beside_a_name(words, first)
        or _opens(words, first, after)
    )


def _own_line(words: Words, first: int, after: int) -> bool:
    """Whether a place is one of several lines, numbered or not."""
    if words.plain(after) not in {"", "\n"}:
        return False
    at = first - 1
    while words.plain(at) in _MARKS:
        at -= 1
    if words.plain(at).isdigit() and at < first - 1:
        at -= 1
    others = words.plain(after) == "\n" or words.plain(at) == "\n"
    return others and words.plain(at) in {"", "\n"}


def _beside_a_name(words: Words, first: int) -> bool:
    """Whether a name, and perhaps a trade, is all that stands before: "Ana Lima, produtora, Jaú"."""
    at, names = first - 1, 0
    if words.plain(at) not in {",", "-", "|", "/"}:
        return False
    while at >= 0 and first - at < _MOST_BEFORE and words.plain(at) not in {"\n", ".", "!", "?"}:
        word = words.plain(at)
        named = word in first_names() or word in surnames()
        if not (named or word in _SIGNS or is_role(word)):
            return False
        names += named
        at -= 1
    titled = words.plain(at) == "." and words.plain(at - 1) in TITLES
    return names > 0 and not titled and words.plain(at + 1) in first_names()


def _opens(words: Words, first: int, after: int) -> bool:
    """Whether a message opens with a place and asks about it: "Jaú, quanto custa?"."""
    ahead = "".join(f"{words.plain(step)} " for step in range(after, after + 3))
    return first == 0 and _ASKS.match(ahead) is not None
