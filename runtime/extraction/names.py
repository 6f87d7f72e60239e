"""The writer's own name, from the words of an introduction; never somebody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.answers import find_answers
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, LIKELY
from runtime.extraction.folding import Folded
from runtime.extraction.identifications import find_identified
from runtime.extraction.introductions import (
    ANSWERED,
    BESIDE_ME,
    CHOICE,
    CLOSED,
    CORRECTED,
    DICTATED,
    ENCLOSED,
    ENDED,
    GLAD,
    I_DO,
    I_WANT,
    NEGATED,
    OPENING,
    SET_APART,
    SOMEBODY_ELSE,
    SURE,
    UNSURE,
    WE,
    WHO_DOES,
    WITH_A_ROLE,
)
from runtime.extraction.introductions import LIKELY as LIKELY_PHRASE
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
    figure,
    looks_like_a_name,
    read,
    skip_spaces,
    whole,
)
from runtime.extraction.name_words import TITLES, VOCATIVES, first_names
from runtime.extraction.reported import reported
from runtime.extraction.second_names import find_second
from runtime.extraction.short_forms import familiar
from runtime.extraction.signatures import find_signatures
from runtime.extraction.standing import find_standing
from runtime.extraction.written_names import find_written

_REACH: Final = 20


def find_names(folded: Folded) -> Iterator[Candidate]:
    """Every name by which the writer introduces themselves."""
    text = read(folded)
    found = [
        *_introduced(text),
        *_unsure(text),
        *_enclosed(text),
        *find_identified(text),
        *find_written(text),
    ]
    found.extend(find_answers(text))
    found = found or list(_glad(text))
    found.extend(find_signatures(text))
    found = found or list(find_standing(text))
    yield from found
    yield from find_second(text, found)


def _introduced(text: Reading) -> Iterator[Candidate]:
    """Names after words that introduce somebody: "me chamo Ana", "sou a Bia", "meu nome? Ana"."""
    for pattern in (SURE, LIKELY_PHRASE, ANSWERED):
        for hit, name in _after(text, pattern, sure=pattern is SURE):
            mine = hit[0].startswith(("sou eu", "so eu"))
            if not mine and NEGATED.search(
                text.folded.plain, max(0, hit.start() - _REACH), hit.start()
            ):
                continue
            if pattern is not SURE and _asked(text, name, hit):
                continue
            if pattern is SURE or looks_like_a_name(text, name, hit) or _answers(text, name, hit):
                yield candidate(text, name, EXPLICIT if pattern is SURE else LIKELY)


def _after(
    text: Reading, pattern: re.Pattern[str], *, sure: bool = False
) -> Iterator[tuple[re.Match[str], Name]]:
    """The names behind a phrase that nobody takes back and that is not another's speech."""
    for hit in pattern.finditer(text.folded.plain):
        name = text.name_at(skip_spaces(text.folded.plain, hit.end()), sure=sure)
        if name is None or _denied(text, name):
            continue
        if CHOICE.match(text.folded.plain, text.end(name)) or figure(text, name):
            continue
        if not reported(text.folded, hit.start(), text.end(name)):
            yield hit, _corrected(text, name)


def _corrected(text: Reading, name: Name) -> Name:
    """The name that takes a mistaken one's place: "Ana, digo, Anita"."""
    hit = CORRECTED.match(text.folded.plain, text.end(name))
    meant = text.name_at(hit.end()) if hit else None
    return meant if meant is not None and (meant.known or capitalised(text, meant.first)) else name


def _answers(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether an unknown word answers the question for the name."""
    closed = CLOSED.match(text.folded.plain, text.end(name)) is not None
    return hit.re is ANSWERED and closed and capitalised(text, name.first)


def _asked(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether a name is itself a question: "qual o seu nome? Carla?"."""
    return text.words.plain(name.after) == "?" and not hit[0].startswith("lembr")


def _denied(text: Reading, name: Name) -> bool:
    """Whether the name is taken back at once: "sou Ana não, sou Carla"."""
    at = name.after
    if (text.words.plain(at), text.words.plain(at + 1)) == ("?", "nao"):
        return True
    return text.words.plain(name.after) == "nao" and text.words.plain(name.after + 1) in {
        "",
        ",",
        ".",
        "!",
    }


def _unsure(text: Reading) -> Iterator[Candidate]:
    """Known names after words that are said of much else: "chamo Ana", "anota aí: Ana Lima"."""
    for pattern in (UNSURE, DICTATED, BESIDE_ME):
        for hit, name in _after(text, pattern):
            full = name.after > name.first + 1 or _set_apart(text, name, hit)
            told = pattern is DICTATED or "nome" in hit[0]
            others = told and SOMEBODY_ELSE.match(text.folded.plain, text.end(name))
            sure = evident(text, name) or ("assino" in hit[0] and capitalised(text, name.first))
            if sure and not others and (full or pattern is UNSURE):
                yield candidate(text, name, LIKELY)


def _set_apart(text: Reading, name: Name, hit: re.Match[str]) -> bool:
    """Whether a name is the first person's: "eu (Ana)", "ele e eu, Ana, queremos"."""
    if hit.re is BESIDE_ME and WE.match(text.folded.plain, text.end(name)):
        return True
    if hit.re is BESIDE_ME and hit[0].startswith(("fui", "somos")):
        return SET_APART.match(text.folded.plain, text.end(name)) is not None
    mine = hit.re is BESIDE_ME and hit[0].rstrip(" ,").endswith("eu")
    if mine and I_DO.match(text.folded.plain, text.end(name)):
        return True
    return hit[0].endswith("(") and text.words.plain(name.after) == ")"


def _enclosed(text: Reading) -> Iterator[Candidate]:
    """Names that a message opens with: "Oi, é a Carla", "Eu, Ana Lima, declaro"."""
    for pattern in (OPENING, ENCLOSED, WITH_A_ROLE):
        for hit, name in _after(text, pattern):
            asked = WHO_DOES.match(text.folded.plain, text.end(name))
            closing = CLOSED
            if pattern is WITH_A_ROLE:
                closing = SET_APART if hit[0].endswith((" o ", " a ")) else ENDED
                if closing is ENDED and not _with_article(hit) and not whole(text, name):
                    continue
                if closing is ENDED and I_WANT.match(text.folded.plain, text.end(name)):
                    closing = SET_APART
            if pattern is OPENING and not _to_somebody(hit):
                continue
            closed = closing.match(text.folded.plain, text.end(name))
            if pattern is OPENING:
                mine = not asked and (evident(text, name) or familiar(text, name))
            else:
                mine = evident(text, name) and closed is not None
            if mine:
                yield candidate(text, name, LIKELY)


def _with_article(hit: re.Match[str]) -> bool:
    """Whether a role has its article: "sou o pai", "aqui é do 302"."""
    return re.search(r"[ ](?:[oa]|d[oa])[ ]", hit[0]) is not None


def _to_somebody(hit: re.Match[str]) -> bool:
    """Whether the word before "é a Ana" is somebody who is greeted, if there is one."""
    whom = hit["whom"] or hit["named"]
    return whom is None or whom in first_names() or whom in TITLES or whom in VOCATIVES


def _glad(text: Reading) -> Iterator[Candidate]:
    """A name behind "prazer", where nobody is introduced otherwise."""
    for hit, name in _after(text, GLAD):
        if looks_like_a_name(text, name, hit):
            yield candidate(text, name, LIKELY)
