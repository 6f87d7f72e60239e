"""The writer's own name, from the words of an introduction; never somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, LIKELY, WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.introductions import (
    AFTERWARDS,
    CLOSED,
    ENCLOSED,
    NEGATED,
    OPENING,
    STARTS,
    SURE,
)
from runtime.extraction.introductions import LIKELY as LIKELY_PHRASE
from runtime.extraction.name_words import (
    AMBIGUOUS,
    NO_NAME,
    PARTICLES,
    TITLES,
    TRADE_ENDINGS,
    first_names,
    surnames,
)
from runtime.extraction.words import Words, split_words

_MOST_WORDS: Final = 7
_GLUE: Final = re.compile(r"[ ]+")
_BEFORE_NAME: Final = re.compile(r"(?:[ ]|[.]{2,3}|…|[*_\"])*")


@dataclass(frozen=True, slots=True)
class _Name:
    first: int
    after: int
    known: bool


def find_names(folded: Folded) -> Iterator[Candidate]:
    """Every name by which the writer introduces themselves."""
    words = split_words(folded.plain)
    places = {word.start: at for at, word in enumerate(words.items)}
    for pattern, sure in ((SURE, True), (LIKELY_PHRASE, False)):
        for hit in pattern.finditer(folded.plain):
            at = places.get(_skip_spaces(folded.plain, hit.end()))
            if at is None or NEGATED.search(folded.plain, max(0, hit.start() - 20), hit.start()):
                continue
            name = _name(folded, words, at, sure)
            if name is None or _denied(words, name):
                continue
            if sure or _looks_like_a_name(folded, words, name, hit):
                yield _candidate(folded, words, name, EXPLICIT if sure else LIKELY)
    yield from _enclosed(folded, words, places)
    yield from _announced(folded, words, places)


def _denied(words: Words, name: _Name) -> bool:
    """Whether the name is taken back at once: "sou Ana não, sou Carla"."""
    return words.plain(name.after) == "nao" and words.plain(name.after + 1) in {"", ",", ".", "!"}


def _enclosed(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """Names that a message opens with: "Oi, é a Carla", "Eu, Ana Lima, declaro"."""
    for pattern in (OPENING, ENCLOSED):
        for hit in pattern.finditer(folded.plain):
            at = places.get(hit.end())
            name = _name(folded, words, at, False) if at is not None else None
            if name is None or not _evident(words, name):
                continue
            end = words.items[name.after - 1].end
            asked = words.plain(name.after) in {"?", "que", "q"}
            if (not asked) if pattern is OPENING else CLOSED.match(folded.plain, end):
                yield _candidate(folded, words, name, LIKELY)


def _announced(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """A known name at a sentence's start: "Ana aqui", "oi, João Lima falando"."""
    for hit in STARTS.finditer(folded.plain):
        at = places.get(hit.end())
        name = _name(folded, words, at, False) if at is not None else None
        if name is None or not (_evident(words, name) or _pet_form(folded, words, name.first)):
            continue
        if AFTERWARDS.match(folded.plain, words.items[name.after - 1].end):
            yield _candidate(folded, words, name, WEAK)


def _evident(words: Words, name: _Name) -> bool:
    """Whether a name cannot well be another word: "Vi" and "Rosa" can, "Rosa Lima" cannot."""
    return name.known and (name.after > name.first + 1 or words.plain(name.first) not in AMBIGUOUS)


def _pet_form(folded: Folded, words: Words, at: int) -> bool:
    """Whether a capitalised word has the ending of endearment: "Thiaguinho"."""
    return words.plain(at).endswith(("inho", "inha")) and _capitalised(folded, words, at)


def _skip_spaces(plain: str, at: int) -> int:
    """Past spaces, emphasis ("*Ana*") and hesitation ("é... Ana")."""
    hit = _BEFORE_NAME.match(plain, at)
    return hit.end() if hit else at


def _name(folded: Folded, words: Words, at: int, sure: bool) -> _Name | None:
    """The words of a name from a word on."""
    while words.plain(at) in TITLES and words.plain(at + 1) not in NO_NAME:
        at += 2 if words.plain(at + 1) == "." else 1
    if sure and words.plain(at) in {"o", "a"} and words.plain(at + 1) in first_names():
        at += 1
    first = words.plain(at)
    known = first in first_names()
    if not first.isalpha() or len(first) < 2 or (first in NO_NAME and not (known and sure)):
        return None
    after = at + 1
    while after < min(at + _MOST_WORDS, len(words.items)):
        step = _next_part(folded, words, after, at)
        if step == 0:
            break
        after += step
    return _Name(at, after, known)


def _next_part(folded: Folded, words: Words, at: int, first: int) -> int:
    """How many words more belong to the name: none, one, or two with a particle."""
    if not _same_line(folded, words, at):
        return 0
    word = words.plain(at)
    if word in PARTICLES or (word == "e" and at - first > 1):
        family = words.plain(at + 1)
        if not _same_line(folded, words, at + 1):
            return 0
        if word == "e":
            return 2 if family in {"silva", "souza", "sousa", "melo", "castro"} else 0
        return 2 if family in surnames() else 0
    if not word.replace("'", "").isalpha() or (len(word) < 2 and not _initial(folded, words, at)):
        return 0
    if word in surnames() or word in first_names():
        return 0 if word in NO_NAME and not _capitalised(folded, words, at) else 1
    if word in NO_NAME:
        return 0
    return 1 if _capitalised(folded, words, at) and not _shouted(folded) else _last_word(words, at)


def _last_word(words: Words, at: int) -> int:
    """An unknown word in lower case is a surname only where nothing follows it."""
    ended = words.plain(at + 1) in {"", ",", ".", "!", "\n", ";", "-"}
    return int(ended and len(words.plain(at)) > 3)


def _same_line(folded: Folded, words: Words, at: int) -> bool:
    """Whether only spaces stand between a word and the one before it."""
    if not 0 < at < len(words.items):
        return False
    between = folded.plain[words.items[at - 1].end : words.items[at].start]
    return bool(between) and not between.strip(" ")


def _initial(folded: Folded, words: Words, at: int) -> bool:
    return _capitalised(folded, words, at) and words.plain(at + 1) != ""


def _capitalised(folded: Folded, words: Words, at: int) -> bool:
    return folded.written(words.items[at].start, words.items[at].end)[:1].isupper()


def _shouted(folded: Folded) -> bool:
    return folded.text.isupper()


def _looks_like_a_name(folded: Folded, words: Words, name: _Name, hit: re.Match[str]) -> bool:
    capital = _capitalised(folded, words, name.first) and not _shouted(folded)
    article = hit[0].endswith((" o ", " a ", " de "))
    if name.known:
        return capital or article or _evident(words, name)
    full = name.after > name.first + 1
    if full and words.plain(name.first + 1) in surnames():
        return True
    both = full and capital and _capitalised(folded, words, name.first + 1)
    trade = words.plain(name.first).endswith(TRADE_ENDINGS)
    return (article and capital) or (both and not trade)


def _candidate(folded: Folded, words: Words, name: _Name, confidence: float) -> Candidate:
    start, end = words.items[name.first].start, words.items[name.after - 1].end
    parts = [_upper_first(part) for part in _GLUE.split(folded.written(start, end))]
    return Candidate("name", " ".join(parts), start, end, confidence)


def _upper_first(part: str) -> str:
    return part if part.lower() in PARTICLES | {"e"} else part[:1].upper() + part[1:]
