"""The municipalities a text names, however they are spelt, and the states said behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runtime.extraction.folding import Folded
from runtime.extraction.gazetteer import (
    LONGEST_NAME,
    STATES,
    Place,
    expanded,
    misspelt_places,
    one_letter_less,
    places,
)
from runtime.extraction.words import Words

# The states whose letters are their capital's too.
CITIES_TOO: Final = frozenset({"sp", "rj"})
_NO_STATES: Final = frozenset(
    {"se", "to", "pa", "ma", "al", "am", "go", "es", "ce", "para", "ba", "rs"}
)
_STATE_NAMES: Final = frozenset(STATES.values()) - {"sao paulo", "rio de janeiro"}
_POA: Final = Place("Poá", frozenset({"sp"}), True)


@dataclass(frozen=True, slots=True)
class Match:
    """A place, the key it is found by, its first word and the word after it."""

    place: Place
    key: str
    first: int
    after: int


def exact(folded: Folded, words: Words, at: int) -> Match | None:
    """The longest name that starts at a word."""
    key, best = "", None
    table = places()
    for step in range(LONGEST_NAME):
        word = words.plain(at + step)
        if word in {"-", "."} and step:
            continue
        if not word.isalpha():
            break
        key = f"{key} {expanded(word)}".strip()
        if key in table:
            best = Match(table[key], key, at, at + step + 1)
    return _with_accent(folded, words, best) if best else None


def _with_accent(folded: Folded, words: Words, match: Match) -> Match | None:
    """Porto Alegre is called "poa"; with its accent, Poá is a city of its own, and "França" none."""
    if match.key == "franca" and "ç" in folded.written(*span(words, match)).lower():
        return None
    if match.key == "poa" and folded.written(*span(words, match)).lower() != "poa":
        return Match(_POA, match.key, match.first, match.after)
    return match


def is_state(words: Words, match: Match) -> bool:
    """Whether a state's name hides the city's: "Rio Grande do Sul" is not Rio Grande."""
    ahead = " ".join(words.plain(match.first + step) for step in range(4))
    return any(
        len(name) >= len(match.key) and (ahead == name or ahead.startswith(f"{name} "))
        for name in _STATE_NAMES
    )


def misspelt(words: Words, at: int) -> Match | None:
    """A well-known name that is one letter off."""
    near_keys, known = misspelt_places(), places()
    for length in (4, 3, 2, 1):
        parts = [words.plain(at + step) for step in range(length)]
        key = " ".join(parts)
        if not all(part.isalpha() for part in parts) or len(key) < 7:
            continue
        if key in near_keys:
            return Match(known[near_keys[key]], near_keys[key], at, at + length)
        for variant in one_letter_less(key)[1:]:
            near = near_keys.get(variant) or (
                variant if variant in known and len(variant) >= 7 else None
            )
            if near is not None and known[near].well_known and abs(len(near) - len(key)) <= 1:
                return Match(known[near], near, at, at + length)
    return None


def state_after(folded: Folded, words: Words, match: Match) -> tuple[str | None, int]:
    """The state said after a name ("/SP", "- SP", ", São Paulo"), and the word after it.

    What is a state or another word ("se", "para") is the state only where it fits the name.
    """
    sign = words.plain(match.after)
    at = match.after + 1 if sign in {"/", "-", ",", "("} else match.after
    word = words.plain(at)
    state, after = (word, at + 1) if word in STATES else state_in_full(words, at)
    if state is None:
        return None, match.after
    if word not in STATES and at == match.after:
        told = state in match.place.states - CITIES_TOO and _is_written_in_full(folded, words, at)
        return (state, after) if told else (None, match.after)
    if word in _NO_STATES:
        alone = match.first == 0 and words.plain(at + 1) in {"", "\n"}
        apart = at > match.after or alone or _in_capitals(folded, words, at)
        if not apart or state not in match.place.states:
            return None, match.after
    return state, after


def _is_written_in_full(folded: Folded, words: Words, at: int) -> bool:
    """Whether a state's name is no other word: "Pará" is, "para" is not."""
    written = folded.written(words.items[at].start, words.items[at].end).lower()
    return words.plain(at) != "para" or written != "para"


def _in_capitals(folded: Folded, words: Words, at: int) -> bool:
    """Whether a word stands out by its capitals: "Fortaleza CE"."""
    written = folded.written(words.items[at].start, words.items[at].end)
    return written.isupper() and not folded.text.isupper()


def state_in_full(words: Words, at: int) -> tuple[str | None, int]:
    """The state whose full name starts at a word, and the word after it."""
    for length in (4, 3, 2, 1):
        name = " ".join(words.plain(at + step) for step in range(length))
        for state, full in STATES.items():
            if name == full:
                return state, at + length
    return None, at


def span(words: Words, match: Match) -> tuple[int, int]:
    """Where a place starts and ends in the folded text."""
    return words.items[match.first].start, words.items[match.after - 1].end
