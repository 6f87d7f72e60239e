"""How a word comes out of hurried thumbs: a letter missing, doubled, swapped, or the key beside it."""

from __future__ import annotations

from typing import Final

_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def slips(word: str, *, but: frozenset[str] = frozenset()) -> str:
    """An alternation of a folded word and its slips of one key, longest first.

    `but` names the slips that are words of their own: "moto" is none of "moro".
    """
    return "|".join(sorted(slip_set(word, but=but), key=lambda one: (-len(one), one)))


def slip_set(word: str, *, but: frozenset[str] = frozenset()) -> frozenset[str]:
    """A folded word and its slips of one key."""
    missing = {word[:at] + word[at + 1 :] for at in range(1, len(word))}
    doubled = {word[:at] + word[at] + word[at:] for at in range(len(word))}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)}
    beside = {
        word[:at] + key + word[at + 1 :]
        for at, letter in enumerate(word)
        for key in _beside(letter)
    }
    return frozenset({word} | missing | doubled | swapped | beside) - but


def _beside(letter: str) -> str:
    """The keys around a letter's."""
    for row, keys in enumerate(_KEYS):
        at = keys.find(letter)
        if at >= 0:
            around = keys[max(0, at - 1) : at] + keys[at + 1 : at + 2]
            above = _KEYS[row - 1][at : at + 2] if row else ""
            below = _KEYS[row + 1][max(0, at - 1) : at + 1] if row + 1 < len(_KEYS) else ""
            return around + above + below
    return ""
