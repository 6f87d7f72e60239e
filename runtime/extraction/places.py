"""Municipalities, where the writer says that they are, live or want something there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.bare_places import stands_bare
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, FORMED, WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.free_places import is_news, stands_free
from runtime.extraction.gazetteer import (
    SHY_NICKNAMES,
    STATES,
    WITH_ARTICLE,
    WORDS_TOO,
    place_key,
)
from runtime.extraction.name_words import first_names, surnames
from runtime.extraction.place_contexts import (
    Context,
    context_before,
    may_say_place,
    said_afterwards,
)
from runtime.extraction.place_names import (
    CITIES_TOO,
    Match,
    exact,
    is_state,
    misspelt,
    span,
    state_after,
    state_in_full,
)
from runtime.extraction.words import Words, phrase_set, split_words

_TEAMS: Final = frozenset(
    {"fc", "ec", "futebol", "f", "x", "esporte", "sc", "clube", "fm", "airport"}
)
_ENDS: Final = frozenset({"", ".", ",", "!", "?", ";", "\n", "e", "ou", "/", "-", ")"})
_JOINTS: Final = frozenset({"e", "ou", ",", "/"})
# A shorter name that few know may be a quarter, a street or a word.
_TELLING_LENGTH: Final = 5
_BARE_LENGTH: Final = 7
# Towns that hardly anybody is called after.
_SELDOM_NAMES: Final = frozenset({"teresina", "altamira"})
_UNMARKED: Final = str.maketrans("'*_", "   ")


def find_places(folded: Folded) -> Iterator[Candidate]:
    """Every municipality in a context that says so, never a street, a team or a person."""
    words = unmarked(folded)
    at, joined_at = 0, -1
    while at < len(words.items):
        found = _place_at(folded, words, at, joined_at) if words.plain(at).isalpha() else None
        if found is None:
            at += 1
            continue
        candidate, at = found
        yield candidate
        joined_at = at + 1 if words.plain(at) in _JOINTS else -1


def unmarked(folded: Folded) -> Words:
    """The words without what sets them in bold or italics: "*Cidade:* Patos" reads like the rest."""
    return split_words(folded.plain.translate(_UNMARKED))


def _place_at(
    folded: Folded, words: Words, at: int, joined_at: int
) -> tuple[Candidate, int] | None:
    """The place at a word and the word after it; a place joined to one before shares its context."""
    match = exact(folded, words, at)
    if match is None and not may_say_place(words, at):
        return None
    context = (
        Context.LISTED
        if at == joined_at
        else context_before(words, at, after=match.after if match else at + 1)
    )
    if context is Context.SAID:
        near = misspelt(words, at)
        match = near if near and (match is None or near.after > match.after) else match
    if match is None or context is Context.FORBIDDEN or is_state(words, match):
        return None
    if context in {Context.NONE, Context.NEAR, Context.LISTED} and said_afterwards(
        words, match.after
    ):
        context = Context.SAID
    state, after = state_after(folded, words, match)
    if context is Context.LISTED and state is None and words.plain(match.after) not in _ENDS:
        return None
    confidence = _confidence(folded, words, match, context, state)
    if confidence is None:
        return None
    start, end = span(words, match)
    return Candidate("city", match.place.name, start, end, confidence), max(after, match.after)


def _confidence(
    folded: Folded, words: Words, match: Match, context: Context, state: str | None
) -> float | None:
    if words.plain(match.after) in _TEAMS and state is None:
        return None
    if context is Context.ARTICLE and match.key not in WITH_ARTICLE:
        return None
    if match.key in STATES and match.key not in CITIES_TOO:
        return None
    if _names_more(words, match):
        return None
    if context in {Context.NONE, Context.LISTED} and is_news(folded, span(words, match)):
        return None
    if state is not None and match.key not in STATES:
        # Moema, São Paulo, is a quarter: the town of that name lies in another state.
        return FORMED if state in match.place.states else None
    capital = folded.written(*span(words, match))[:1].isupper()
    landscape = match.key in NAMES_TOO and words.plain(match.first - 1) in {"a", "na", "da", "pra"}
    if (match.key in WORDS_TOO or landscape) and not capital:
        return None
    if context in {Context.SAID, Context.ARTICLE}:
        return EXPLICIT
    if context in {Context.NEAR, Context.LISTED} and _distinct(
        match, listed=context is Context.LISTED, capital=capital
    ):
        return WEAK
    if context in {Context.NONE, Context.LISTED} and (capital or folded.text.islower()):
        telling = _telling(match)
        if telling and stands_bare(words, match.first, match.after):
            return WEAK
        if stands_free(
            folded, span(words, match), telling=telling, like_a_name=_like_a_name(match)
        ):
            return WEAK
    return WEAK if _whole(folded, words, match) else None


def _telling(match: Match) -> bool:
    """Whether a name is long or known enough to be no surname, word or first name."""
    if match.key in NAMES_TOO or match.key in WORDS_TOO or match.key in SHY_NICKNAMES:
        return False
    if _is_a_given_name(match.key):
        return False
    if " " not in match.key and match.key in surnames() and not match.place.well_known:
        return False
    return match.place.well_known or " " in match.key or len(match.key) >= _BARE_LENGTH


def _is_a_given_name(key: str) -> bool:
    return key in first_names() and key not in _SELDOM_NAMES


def _like_a_name(match: Match) -> bool:
    """Whether a name may as well be a person's or a word, whatever stands beside it."""
    if " " in match.key:
        return False
    short = len(match.key) < _TELLING_LENGTH - 1
    return short or match.key in WORDS_TOO | SHY_NICKNAMES or _is_a_given_name(match.key)


def _names_more(words: Words, match: Match) -> bool:
    """Whether a word is but the first of another name: "Porto de Galinhas", "Serra do Cipó"."""
    if " " in match.key or match.key not in WORDS_TOO | {"serra"}:
        return False
    other = words.plain(match.after) in {"de", "do", "da", "dos", "das"}
    return other and state_in_full(words, match.after + 1)[0] is None


def _distinct(match: Match, *, listed: bool, capital: bool) -> bool:
    """Whether a name is hardly anything else: a well-known one, or one that its form tells."""
    if match.key in SHY_NICKNAMES or (match.key in NAMES_TOO and not capital):
        return False
    told = " " in match.key or (capital and len(match.key) >= _TELLING_LENGTH)
    return match.place.well_known or (not listed and told and match.key not in WORDS_TOO)


def _whole(folded: Folded, words: Words, match: Match) -> bool:
    """A message that is nothing but a well-known city: the answer to a question."""
    start, end = span(words, match)
    before, after = folded.plain[:start], folded.plain[end:]
    alone = _ANSWERS.fullmatch(before) is not None and _ANSWERED.match(after) is not None
    return alone and match.place.well_known and match.key not in NAMES_TOO


# What may stand beside a city that answers a question.
_ANSWERS: Final = re.compile(
    r"\s*(?:(?:sim|isso|ah|entao|e|eh|de|em|la em|resposta|r)\b[ ,.:!]*){0,3}\s*"
)
_ANSWERED: Final = re.compile(
    r"(?:[ ]mesmo|[ ]msm|[ ]capital)?[ .!\n]*(?:\Z|[ ]?[,-][ ]?(?:(?:no|na|n)[ ])?(?:bairro|cep|centro|zona|rua|jardim|vila|minas(?! e[ ]))\b)"
)
NAMES_TOO: Final = frozenset(
    place_key(name)
    for name in phrase_set(
        "Extrema,Contagem,Vitória,Natal,Salvador,Santos,Valença,Serra,Franca,Americana,Salto,Registro,Cruzeiro,Mariana,"
        "Formosa,Penha,Bonito,Castro,Viana,Sousa,Patos,Passos,Santana,Torres,Colombo,Mineiros,Videira,"
        "Laguna,Canela,Leme,Bragança,Trindade,Goiana,Pinheiro,Assis,Caxias,Concórdia,Toledo,Lorena,"
        "Rio,SP,Feira,Campos,Uber,Bento,Belo,Conquista,Foz,Angra,Formiga,Paulista,Lagarto,Estância"
    )
)
