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
    DICTATED,
    ENCLOSED,
    FIRST_PERSON,
    NAMED_BEFORE,
    NEGATED,
    OPENING,
    PLEASED,
    SIGNED,
    SOMEBODY_ELSE,
    STARTS,
    SURE,
    UNSURE,
)
from runtime.extraction.introductions import LIKELY as LIKELY_PHRASE
from runtime.extraction.name_words import (
    ADJECTIVE_ENDINGS,
    AMBIGUOUS,
    FOREIGN_PARTICLES,
    GIVEN_ENDINGS,
    NO_NAME,
    PARTICLES,
    PET_ENDINGS,
    TITLES,
    TRADE_ENDINGS,
    first_name_stems,
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
    yield from _unsure(folded, words, places)
    yield from _enclosed(folded, words, places)
    yield from _announced(folded, words, places)
    yield from _signed(folded, words, places)


def _denied(words: Words, name: _Name) -> bool:
    """Whether the name is taken back at once: "sou Ana não, sou Carla"."""
    return words.plain(name.after) == "nao" and words.plain(name.after + 1) in {"", ",", ".", "!"}


def _unsure(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """Known names after words that are said of much else: "chamo Ana", "anota aí: Ana Lima"."""
    for pattern in (UNSURE, DICTATED):
        for hit in pattern.finditer(folded.plain):
            at = places.get(_skip_spaces(folded.plain, hit.end()))
            name = _name(folded, words, at, False) if at is not None else None
            if name is None or not _evident(words, name) or _denied(words, name):
                continue
            whole = name.after > name.first + 1
            others = SOMEBODY_ELSE.match(folded.plain, words.items[name.after - 1].end)
            if pattern is UNSURE or (whole and not others):
                yield _candidate(folded, words, name, LIKELY)


def _enclosed(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """Names that a message opens with: "Oi, é a Carla", "Eu, Ana Lima, declaro"."""
    for pattern in (OPENING, ENCLOSED):
        for hit in pattern.finditer(folded.plain):
            at = places.get(hit.end())
            name = _name(folded, words, at, False) if at is not None else None
            if name is None or not _evident(words, name):
                continue
            end = words.items[name.after - 1].end
            asked = words.plain(name.after) in {"?", "que", "q", "quem"}
            if (not asked) if pattern is OPENING else CLOSED.match(folded.plain, end):
                yield _candidate(folded, words, name, LIKELY)


def _announced(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """A name at a sentence's start: "Ana aqui", "João Lima, esse é o meu nome"."""
    for hit in STARTS.finditer(folded.plain):
        at = places.get(hit.end())
        name = _name(folded, words, at, False) if at is not None else None
        if name is None:
            continue
        end = words.items[name.after - 1].end
        evident = _evident(words, name) or _pet_form(folded, words, name.first)
        if NAMED_BEFORE.match(folded.plain, end):
            if evident or name.known or _capitalised(folded, words, name.first):
                yield _candidate(folded, words, name, EXPLICIT)
        elif evident and _told_afterwards(folded, words, name, hit):
            yield _candidate(folded, words, name, WEAK)


def _told_afterwards(folded: Folded, words: Words, name: _Name, hit: re.Match[str]) -> bool:
    """Whether what follows a known name says that it is the writer's."""
    end = words.items[name.after - 1].end
    if AFTERWARDS.match(folded.plain, end):
        return True
    if hit.start() > 0 or hit[0].strip():
        return False
    whole = _whole(words, name) and FIRST_PERSON.match(folded.plain, end)
    return bool(whole or PLEASED.match(folded.plain, end))


def _signed(folded: Folded, words: Words, places: dict[int, int]) -> Iterator[Candidate]:
    """A whole name that stands alone at a message's end."""
    for hit in SIGNED.finditer(folded.plain):
        at = places.get(hit.end())
        name = _name(folded, words, at, False) if at is not None else None
        if name is None or not _whole(words, name) or words.plain(name.after) not in {"", "."}:
            continue
        listed = folded.plain[: hit.start()].endswith((":", "?"))
        if not listed and _capitalised(folded, words, name.first):
            yield _candidate(folded, words, name, WEAK)


def _whole(words: Words, name: _Name) -> bool:
    """Whether a given name and a surname are both known."""
    last = words.plain(name.after - 1)
    return name.known and name.after > name.first + 1 and last in surnames()


def _evident(words: Words, name: _Name) -> bool:
    """Whether a name cannot well be another word: "Vi" and "Rosa" can, "Rosa Lima" cannot."""
    return name.known and (name.after > name.first + 1 or words.plain(name.first) not in AMBIGUOUS)


def _pet_form(folded: Folded, words: Words, at: int) -> bool:
    """Whether a capitalised word has the ending of endearment: "Thiaguinho"."""
    return words.plain(at).endswith(("inho", "inha")) and _capitalised(folded, words, at)


def _pet_name(word: str) -> bool:
    """Whether a word is the endearment of a known name: "dudinha", "carlinhos", "robertão"."""
    for ending in PET_ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 4 and stem in first_name_stems():
            return True
    return False


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
    known = first in first_names() or first.endswith(GIVEN_ENDINGS)
    if not first.isalpha() or len(first) < 2 or (first in NO_NAME and not (known and sure)):
        return None
    if not known and _adjective(folded, words, at):
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
    if word in FOREIGN_PARTICLES and _capitalised(
        folded, words, at + 1 + (words.plain(at + 1) in FOREIGN_PARTICLES)
    ):
        return 2 + (words.plain(at + 1) in FOREIGN_PARTICLES)
    if word in PARTICLES or (word == "e" and at - first > 1):
        family = words.plain(at + 1)
        if not _same_line(folded, words, at + 1):
            return 0
        if word == "e":
            return 2 if _second_family(folded, words, at) else 0
        return 2 if family in surnames() else 0
    if not word.replace("'", "").isalpha() or (len(word) < 2 and not _initial(folded, words, at)):
        return 0
    if word in surnames() or word in first_names():
        return 0 if word in NO_NAME and not _capitalised(folded, words, at) else 1
    if word in NO_NAME:
        return 0
    return 1 if _capitalised(folded, words, at) and not _shouted(folded) else _last_word(words, at)


def _second_family(folded: Folded, words: Words, at: int) -> bool:
    """Whether "e" joins two surnames: "Costa e Silva", never "Ana e Paula"."""
    family = words.plain(at + 1)
    if family in {"silva", "souza", "sousa", "melo", "castro"}:
        return True
    joined = family in surnames() and words.plain(at - 1) in surnames()
    return joined and family not in first_names() and _capitalised(folded, words, at + 1)


def _adjective(folded: Folded, words: Words, at: int) -> bool:
    """Whether an unknown word in lower case is formed as adjectives are: "negativado"."""
    lower = not _capitalised(folded, words, at)
    return lower and words.plain(at).endswith(ADJECTIVE_ENDINGS) and len(words.plain(at)) > 4


def _last_word(words: Words, at: int) -> int:
    """An unknown word in lower case is a surname only where nothing follows it."""
    ended = words.plain(at + 1) in {"", ",", ".", "!", "\n", ";", "-"}
    word = words.plain(at)
    return int(ended and len(word) > 3 and not word.endswith(ADJECTIVE_ENDINGS))


def _same_line(folded: Folded, words: Words, at: int) -> bool:
    """Whether only spaces stand between a word and the one before it."""
    if not 0 < at < len(words.items):
        return False
    between = folded.plain[words.items[at - 1].end : words.items[at].start]
    return bool(between) and not between.strip(" ")


def _initial(folded: Folded, words: Words, at: int) -> bool:
    return _capitalised(folded, words, at) and words.plain(at + 1) != ""


def _capitalised(folded: Folded, words: Words, at: int) -> bool:
    if at >= len(words.items):
        return False
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
    if article and _pet_name(words.plain(name.first)):
        return True
    both = full and capital and _capitalised(folded, words, name.first + 1)
    trade = words.plain(name.first).endswith(TRADE_ENDINGS)
    return (article and capital) or (both and not trade)


def _candidate(folded: Folded, words: Words, name: _Name, confidence: float) -> Candidate:
    start, end = words.items[name.first].start, words.items[name.after - 1].end
    parts = [_upper_first(part) for part in _GLUE.split(folded.written(start, end))]
    return Candidate("name", " ".join(parts), start, end, confidence)


def _upper_first(part: str) -> str:
    return (
        part
        if part.lower() in PARTICLES | FOREIGN_PARTICLES | {"e"}
        else part[:1].upper() + part[1:]
    )
