"""Names that no rule decides, weighed by their form and what stands around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from runtime.extraction.candidates import Candidate, overlaps
from runtime.extraction.confidence import WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.gazetteer import places
from runtime.extraction.introductions import ANSWERED, DICTATED, LIKELY, SURE, UNSURE
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    read,
    read_name,
    skip_spaces,
)
from runtime.extraction.name_words import (
    AMBIGUOUS,
    GIVEN_ENDINGS,
    NO_NAME,
    first_names,
    surnames,
    usual_first_names,
)
from runtime.extraction.not_mine import signs_against
from runtime.extraction.surroundings import Surroundings
from runtime.extraction.weights import Weights, evidence
from runtime.extraction.words import STREETS

# The least evidence that is believed: precision before recall.
BELIEVED: Final = -0.6
# Features of what the rules have judged.
JUDGED: Final = frozenset({"introduced", "reported", "famous"})
_MOST: Final = 4
_REACH: Final = 30
# Part of an address, a handle or a file's name.
_WITHIN: Final = re.compile(r"[@._][a-z0-9._-]*\Z")
_ON: Final = re.compile(r"[a-z0-9._-]*@")


def find_weighed_names(
    folded: Folded, taken: Collection[Candidate], weights: Weights
) -> Iterator[Candidate]:
    """The name with the most evidence for it, if that is enough; none that overlaps what is `taken`.

    What follows an introduction was judged by the rules, what another says is nobody's, and whom everybody
    knows does not write: they are left alone.
    """
    best, found = BELIEVED, None
    for proposed, features in weighable(folded, taken):
        if not JUDGED.isdisjoint(features):
            continue
        weight = evidence(weights, features)
        if weight > best:
            best, found = weight, proposed
    if found is not None:
        yield found


def weighable(
    folded: Folded, taken: Collection[Candidate] = ()
) -> Iterator[tuple[Candidate, list[str]]]:
    """Every stretch that may be a name and overlaps nothing `taken`, with its features."""
    text = read(folded)
    names = list(_spans(text))
    introduced = _introduced(folded.plain) if names else frozenset()
    around = Surroundings(text.folded.plain) if names else None
    for at, name in enumerate(names):
        start, end = text.words.items[name.first].start, text.end(name)
        proposed = candidate(text, name, WEAK)
        if overlaps(proposed, taken):
            continue
        shape, size = _form(text, name)
        of = around.stretch(start, end, shape, size) if around else None
        if around is None or of is None:
            continue
        features = [*around.features(of), *_own(text, name, shape)]
        features.append(f"place={min(at, _MOST - 1)} of {min(len(names), _MOST)}")
        if start in introduced:
            features += ["introduced", f"introduced {shape}", f"introduced {around.kind(of.after)}"]
        yield proposed, features


def _introduced(plain: str) -> frozenset[int]:
    """Where the words behind every phrase that may introduce somebody start."""
    phrases = (SURE, LIKELY, ANSWERED, UNSURE, DICTATED)
    return frozenset(
        skip_spaces(plain, hit.end()) for pattern in phrases for hit in pattern.finditer(plain)
    )


def _spans(text: Reading) -> Iterator[Name]:
    """Words that are known as given names or written with a capital, and are no part of an address."""
    after = 0
    for at, word in enumerate(text.words.items):
        if at < after or not word.plain[0].isalpha() or word.plain in NO_NAME:
            continue
        known = word.plain in first_names() or word.plain.endswith(GIVEN_ENDINGS)
        if not (known or capitalised(text, at)) or _in_an_address(text, word.start, word.end):
            continue
        name = read_name(text, at, sure=False)
        if name is None or name.first != at:
            continue
        after = name.after
        street = not known and word.plain in STREETS
        if not street and len(text.words.plain(name.after - 1)) > 1:
            yield name


def _in_an_address(text: Reading, start: int, end: int) -> bool:
    plain = text.folded.plain
    return (
        _WITHIN.search(plain, max(0, start - _REACH), start) is not None
        or _ON.match(plain, end, end + _REACH) is not None
    )


def _form(text: Reading, name: Name) -> tuple[str, str]:
    """A name's form, finely and coarsely: usual, rare or unknown; ambiguous; capital; one word or more."""
    first, single = text.words.plain(name.first), name.after == name.first + 1
    known = "usual" if first in usual_first_names() else "rare" if name.known else "unknown"
    family = "full" if text.words.plain(name.after - 1) in surnames() else "long"
    parts = (
        known,
        "doubtful" if first in AMBIGUOUS else "",
        "capital" if capitalised(text, name.first) else "lower",
        "single" if single else family,
    )
    return "-".join(filter(None, parts)), "1" if single else "2"


def _own(text: Reading, name: Name, shape: str) -> Iterator[str]:
    """The features of the words themselves, and what the rules say against them."""
    words = [text.words.plain(at) for at in range(name.first, name.after)]
    yield f"shape={shape}"
    yield from (f"form={part}" for part in shape.split("-"))
    yield f"known={shape.split('-')[0]} {min(len(words), _MOST - 1)}"
    yield f"words={min(len(words), _MOST)}"
    town = places().get(" ".join(words))
    if town is not None:
        yield f"town={town.well_known}"
    if words[0] in places():
        yield "starts as a town"
    if len(words) == 1 and words[0] in surnames():
        yield "surname too"
    against = list(signs_against(text, name))
    if against:
        yield "somebody else's"
    yield from against
    yield from (f"{sign} {len(words) > 1}" for sign in against)
