"""Towns that no rule decides, weighed by their form, their context and what stands around them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from runtime.extraction.candidates import Candidate, overlaps
from runtime.extraction.confidence import WEAK
from runtime.extraction.folding import Folded
from runtime.extraction.free_places import is_news
from runtime.extraction.gazetteer import SHY_NICKNAMES, STATES, WORDS_TOO
from runtime.extraction.name_words import first_names, surnames
from runtime.extraction.place_contexts import context_before, said_afterwards
from runtime.extraction.place_names import CITIES_TOO, Match, exact, is_state, span, state_after
from runtime.extraction.places import NAMES_TOO, unmarked
from runtime.extraction.surroundings import Surroundings
from runtime.extraction.weights import Weights, evidence
from runtime.extraction.words import Words

# The least evidence that is believed: precision before recall.
BELIEVED: Final = 0.4
_MOST: Final = 4
_TELLING_LENGTH: Final = 4


def find_weighed_places(
    folded: Folded, taken: Collection[Candidate], weights: Weights
) -> Iterator[Candidate]:
    """Every town with enough evidence for it; none that overlaps or repeats what is `taken`."""
    named = {one.value for one in taken}
    for proposed, features in weighable(folded, taken):
        if proposed.value in named:
            continue
        if evidence(weights, features) > BELIEVED:
            named.add(proposed.value)
            yield proposed


def weighable(
    folded: Folded, taken: Collection[Candidate] = ()
) -> Iterator[tuple[Candidate, list[str]]]:
    """Every stretch that is called as a town is and overlaps nothing `taken`, with its features."""
    words = unmarked(folded)
    matches = list(_matches(folded, words))
    around = Surroundings(folded.plain) if matches else None
    for at, (match, state) in enumerate(matches):
        start, end = span(words, match)
        proposed = Candidate("city", match.place.name, start, end, WEAK)
        if overlaps(proposed, taken):
            continue
        shape, size = _form(folded, match, (start, end))
        of = around.stretch(start, end, shape, size) if around else None
        if around is None or of is None:
            continue
        features = [*around.features(of), *_own(folded, words, match, shape)]
        told = "none" if state is None else "right" if state in match.place.states else "wrong"
        features += [f"state={told}", f"state={told} {shape}"]
        features.append(f"place={min(at, _MOST - 1)} of {min(len(matches), _MOST)}")
        yield proposed, features


def _matches(folded: Folded, words: Words) -> Iterator[tuple[Match, str | None]]:
    """Every town's name and the state said behind it; a state's name is none."""
    at = 0
    while at < len(words.items):
        match = exact(folded, words, at) if words.plain(at).isalpha() else None
        hidden = match is not None and match.key in STATES and match.key not in CITIES_TOO
        if match is None or hidden or is_state(words, match):
            at += 1
            continue
        state, after = state_after(folded, words, match)
        yield match, state
        at = max(after, match.after)


def _form(folded: Folded, match: Match, at: tuple[int, int]) -> tuple[str, str]:
    """A town's form, finely and coarsely: renown; a word or a name too; capital; one word or more."""
    known = "known" if match.place.well_known else "small"
    named = match.key in first_names() or match.key in surnames()
    word = match.key in NAMES_TOO or match.key in WORDS_TOO or match.key in SHY_NICKNAMES
    parts = (
        known,
        "word" if word else "name" if named else "",
        "capital" if folded.written(*at)[:1].isupper() else "lower",
        "long" if " " in match.key else "single",
    )
    return "-".join(filter(None, parts)), known


def _own(folded: Folded, words: Words, match: Match, shape: str) -> Iterator[str]:
    """The features of the words themselves, and what the rules say of their context."""
    context = context_before(words, match.first, after=match.after).value
    yield f"shape={shape}"
    yield from (f"form={part}" for part in shape.split("-"))
    yield f"letters={min(_MOST - 1, len(match.key) // _TELLING_LENGTH)}"
    yield f"lower={folded.text.islower()}"
    yield f"context={context}"
    yield f"context={context} {shape}"
    if said_afterwards(words, match.after):
        yield "said afterwards"
    if is_news(folded, span(words, match)):
        yield "news"
