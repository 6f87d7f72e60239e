"""Municipalities, where the writer says that they are, live or want something there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.extraction.bare_places import stands_bare
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, FORMED, WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.gazetteer import (
    LONGEST_NAME,
    SHY_NICKNAMES,
    STATES,
    WITH_ARTICLE,
    WORDS_TOO,
    Place,
    expanded,
    misspelt_places,
    one_letter_less,
    place_key,
    places,
)
from runtime.extraction.name_words import first_names, surnames
from runtime.extraction.place_contexts import (
    Context,
    context_before,
    may_say_place,
    said_afterwards,
)
from runtime.extraction.words import Words, phrase_set, split_words

_TEAMS: Final = frozenset(
    {"fc", "ec", "futebol", "f", "x", "esporte", "sc", "clube", "fm", "airport"}
)
_ENDS: Final = frozenset({"", ".", ",", "!", "?", ";", "\n", "e", "ou", "/", "-", ")"})
_NO_STATES: Final = frozenset({"se", "to", "pa", "ma", "al", "am", "go", "es", "ce", "para", "ba"})
_JOINTS: Final = frozenset({"e", "ou", ",", "/"})
# A shorter name that few know may be a quarter, a street or a word.
_TELLING_LENGTH: Final = 5
_BARE_LENGTH: Final = 7
_STATE_NAMES: Final = frozenset(STATES.values()) - {"sao paulo", "rio de janeiro"}


@dataclass(frozen=True, slots=True)
class _Match:
    place: Place
    key: str
    first: int
    after: int


_POA: Final = Place("Poá", frozenset({"sp"}), True)


def find_places(folded: Folded) -> Iterator[Candidate]:
    """Every municipality in a context that says so, never a street, a team or a person."""
    words = split_words(folded.plain.replace("'", " "))
    at, joined_at = 0, -1
    while at < len(words.items):
        found = _place_at(folded, words, at, joined_at) if words.plain(at).isalpha() else None
        if found is None:
            at += 1
            continue
        candidate, at = found
        yield candidate
        joined_at = at + 1 if words.plain(at) in _JOINTS else -1


def _place_at(
    folded: Folded, words: Words, at: int, joined_at: int
) -> tuple[Candidate, int] | None:
    """The place at a word and the word after it; a place joined to one before shares its context."""
    match = _exact(folded, words, at)
    if match is None and not may_say_place(words, at):
        return None
    context = Context.LISTED if at == joined_at else context_before(words, at)
    if context is Context.SAID:
        near = _misspelt(words, at)
        match = near if near and (match is None or near.after > match.after) else match
    if match is None or context is Context.FORBIDDEN or _is_state(words, match):
        return None
    if context in {Context.NONE, Context.NEAR, Context.LISTED} and said_afterwards(
        words, match.after
    ):
        context = Context.SAID
    state, after = _state_after(folded, words, match)
    if context is Context.LISTED and state is None and words.plain(match.after) not in _ENDS:
        return None
    confidence = _confidence(folded, words, match, context, state)
    if confidence is None:
        return None
    start, end = _span(words, match)
    return Candidate("city", match.place.name, start, end, confidence), max(after, match.after)


def _exact(folded: Folded, words: Words, at: int) -> _Match | None:
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
            best = _Match(table[key], key, at, at + step + 1)
    return _with_accent(folded, words, best) if best else None


def _with_accent(folded: Folded, words: Words, match: _Match) -> _Match | None:
    """Porto Alegre is called "poa"; with its accent, Poá is a city of its own, and "França" none."""
    if match.key == "franca" and "ç" in folded.written(*_span(words, match)).lower():
        return None
    if match.key == "poa" and folded.written(*_span(words, match)).lower() != "poa":
        return _Match(_POA, match.key, match.first, match.after)
    return match


def _is_state(words: Words, match: _Match) -> bool:
    """Whether a state's name hides the city's: "Rio Grande do Sul" is not Rio Grande."""
    ahead = " ".join(words.plain(match.first + step) for step in range(4))
    return any(
        len(name) >= len(match.key) and (ahead == name or ahead.startswith(f"{name} "))
        for name in _STATE_NAMES
    )


def _misspelt(words: Words, at: int) -> _Match | None:
    """A well-known name that is one letter off."""
    table, exact = misspelt_places(), places()
    for length in (4, 3, 2, 1):
        parts = [words.plain(at + step) for step in range(length)]
        key = " ".join(parts)
        if not all(part.isalpha() for part in parts) or len(key) < 7:
            continue
        if key in table:
            return _Match(exact[table[key]], table[key], at, at + length)
        for variant in one_letter_less(key)[1:]:
            near = table.get(variant) or (
                variant if variant in exact and len(variant) >= 7 else None
            )
            if near is not None and exact[near].well_known and abs(len(near) - len(key)) <= 1:
                return _Match(exact[near], near, at, at + length)
    return None


def _state_after(folded: Folded, words: Words, match: _Match) -> tuple[str | None, int]:
    """The state said after a name ("/SP", "- SP", ", São Paulo"), and the word after it.

    What is a state or another word ("se", "para") is the state only where it fits the name.
    """
    sign = words.plain(match.after)
    at = match.after + 1 if sign in {"/", "-", ",", "("} else match.after
    word = words.plain(at)
    state, after = (word, at + 1) if word in STATES else _state_in_full(words, at)
    if state is None or (word not in STATES and at == match.after):
        return None, match.after
    if word in _NO_STATES:
        alone = match.first == 0 and words.plain(at + 1) in {"", "\n"}
        apart = at > match.after or alone or _in_capitals(folded, words, at)
        if not apart or state not in match.place.states:
            return None, match.after
    return state, after


def _in_capitals(folded: Folded, words: Words, at: int) -> bool:
    """Whether a word stands out by its capitals: "Fortaleza CE"."""
    written = folded.written(words.items[at].start, words.items[at].end)
    return written.isupper() and not folded.text.isupper()


def _state_in_full(words: Words, at: int) -> tuple[str | None, int]:
    for length in (4, 3, 2, 1):
        name = " ".join(words.plain(at + step) for step in range(length))
        for state, full in STATES.items():
            if name == full:
                return state, at + length
    return None, at


def _confidence(
    folded: Folded, words: Words, match: _Match, context: Context, state: str | None
) -> float | None:
    if words.plain(match.after) in _TEAMS and state is None:
        return None
    if context is Context.ARTICLE and match.key not in WITH_ARTICLE:
        return None
    if match.key in STATES and match.key not in {"sp", "rj"}:
        return None
    if state is not None and match.key not in STATES:
        # Moema, São Paulo, is a quarter: the town of that name lies in another state.
        return FORMED if state in match.place.states else None
    capital = folded.written(*_span(words, match))[:1].isupper()
    landscape = match.key in _NAMES_TOO and words.plain(match.first - 1) in {"a", "na", "da", "pra"}
    if (match.key in WORDS_TOO or landscape) and not capital:
        return None
    if context in {Context.SAID, Context.ARTICLE}:
        return EXPLICIT
    if context in {Context.NEAR, Context.LISTED} and _distinct(
        match, listed=context is Context.LISTED, capital=capital
    ):
        return WEAK
    bare = context in {Context.NONE, Context.LISTED} and _telling(match)
    if bare and (capital or folded.text.islower()) and stands_bare(words, match.first, match.after):
        return WEAK
    return WEAK if _whole(folded, words, match) else None


def _telling(match: _Match) -> bool:
    """Whether a name is long or known enough to be no surname, word or first name."""
    if match.key in _NAMES_TOO or match.key in WORDS_TOO or match.key in SHY_NICKNAMES:
        return False
    if " " not in match.key and match.key in first_names():
        return False
    if " " not in match.key and match.key in surnames() and not match.place.well_known:
        return False
    return match.place.well_known or " " in match.key or len(match.key) >= _BARE_LENGTH


def _distinct(match: _Match, *, listed: bool, capital: bool) -> bool:
    """Whether a name is hardly anything else: a well-known one, or one that its form tells."""
    if match.key in SHY_NICKNAMES or (match.key in _NAMES_TOO and not capital):
        return False
    told = " " in match.key or (capital and len(match.key) >= _TELLING_LENGTH)
    return match.place.well_known or (not listed and told and match.key not in WORDS_TOO)


def _span(words: Words, match: _Match) -> tuple[int, int]:
    return words.items[match.first].start, words.items[match.after - 1].end


def _whole(folded: Folded, words: Words, match: _Match) -> bool:
    """A message that is nothing but a well-known city: the answer to a question."""
    start, end = _span(words, match)
    before, after = folded.plain[:start], folded.plain[end:]
    alone = _ANSWERS.fullmatch(before) is not None and _ANSWERED.match(after) is not None
    return alone and match.place.well_known and match.key not in _NAMES_TOO


# What may stand beside a city that answers a question.
_ANSWERS: Final = re.compile(
    r"\s*(?:(?:sim|isso|ah|entao|e|eh|de|em|la em|resposta|r)\b[ ,.:!]*){0,3}\s*"
)
_ANSWERED: Final = re.compile(
    r"(?:[ ]mesmo|[ ]msm|[ ]capital)?[ .!\n]*(?:\Z|[ ]?[,-][ ]?(?:(?:no|na|n)[ ])?(?:bairro|cep|centro|zona|rua|jardim|vila|minas)\b)"
)
_NAMES_TOO: Final = frozenset(
    place_key(name)
    for name in phrase_set(
        "Extrema,Contagem,Vitória,Natal,Salvador,Santos,Valença,Serra,Franca,Americana,Salto,Registro,Cruzeiro,Mariana,"
        "Formosa,Penha,Bonito,Castro,Viana,Sousa,Patos,Passos,Santana,Torres,Colombo,Mineiros,Videira,"
        "Laguna,Canela,Leme,Bragança,Trindade,Goiana,Pinheiro,Assis,Caxias,Concórdia,Toledo,Lorena,"
        "Rio,SP,Feira,Campos,Uber,Bento,Belo,Conquista,Foz,Angra,Formiga,Paulista,Lagarto,Estância"
    )
)
