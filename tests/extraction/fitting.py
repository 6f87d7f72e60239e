"""Fits the weights by which names and towns are believed to the labelled messages.

    python -m tests.extraction.fitting           # write runtime/extraction/data/weights_*.tsv
    python -m tests.extraction.fitting --apart [SET ...]  # fit to all sets but one, and measure on that one

Logistic regression by follow-the-regularised-leader (McMahan et al., "Ad Click Prediction: a View from the
Trenches", KDD 2013): the penalty `_SPARSE` leaves most features without a weight. The same messages give
the same weights.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Final, get_args

from runtime.extraction import weighed_names, weighed_places
from runtime.extraction.candidates import Candidate, overlaps
from runtime.extraction.extractor import extract_with
from runtime.extraction.folding import Folded, fold
from runtime.extraction.names import find_names
from runtime.extraction.places import find_places
from runtime.extraction.weights import ALWAYS, Weighed, Weights, evidence
from tests.extraction.scoring import Score, read_labelled, score

HERE: Final = Path(__file__).parent
KINDS: Final[tuple[Weighed, ...]] = get_args(Weighed)
BELIEVED: Final[dict[Weighed, float]] = {
    "name": weighed_names.BELIEVED,
    "city": weighed_places.BELIEVED,
}
DATA: Final = Path(weighed_names.__file__).parent / "data"
SETS: Final = (
    "development", "held_out", "unseen", "fresh", "sealed", "second_sealed", "third_sealed", "fourth_sealed",
    "fifth_sealed",
)  # fmt: skip
# The short examples are written at the edge of what the rules must tell apart: a set's messages are what people write.
_EXAMPLES_COUNT: Final = 0.3
_SEEN_LEAST: Final = 3
_ROUNDS: Final = 12
_STEP: Final = 0.1
_SPARSE: Final = 2.0
_INSISTENCE: Final = 10
_INSIST: Final = 2.0
_MARGIN: Final = 0.1
_SMALL: Final = 2.0
# A gradient below this changes nothing that is written down.
_SETTLED: Final = 0.002


@dataclass(frozen=True, slots=True)
class Vector:
    """A candidate of a labelled message: its features, whether it is a fact, and how much it counts.

    `left` are those that the rules leave to the weighing.
    """

    features: frozenset[str]
    right: bool
    left: bool
    counts: float


@cache
def set_vectors(kind: Weighed, name: str) -> list[Vector]:
    """The candidates of a labelled set's messages."""
    return [
        vector
        for sentence in read_labelled(HERE / f"{name}.jsonl")
        for vector in _vectors(
            kind, sentence.text, {v for k, v in sentence.facts if k == kind}, 1.0
        )
    ]


@cache
def example_vectors(kind: Weighed) -> list[Vector]:
    """The candidates of the short examples of a kind."""
    found: list[Vector] = []
    for line in (HERE / f"examples/{kind}.tsv").read_text("utf-8").splitlines():
        text, _, expected = line.partition("\t")
        values = set(expected.split("|"))
        found.extend(_vectors(kind, text.replace("\\n", "\n"), values, _EXAMPLES_COUNT))
    return found


def _vectors(kind: Weighed, text: str, values: set[str], counts: float) -> list[Vector]:
    folded, told, placed = _told(text)
    weighable = weighed_names.weighable if kind == "name" else weighed_places.weighable
    return [
        Vector(
            frozenset(features) | {ALWAYS},
            candidate.value in values,
            not overlaps(candidate, [*told, *placed])
            and not (kind == "name" and (told or not weighed_names.JUDGED.isdisjoint(features))),
            counts,
        )
        for candidate, features in weighable(folded)
    ]


@cache
def _told(text: str) -> tuple[Folded, list[Candidate], list[Candidate]]:
    """A message, and the names and towns that rules find in it: for either kind."""
    folded = fold(text)
    return folded, list(find_names(folded)), list(find_places(folded))


def fit(kind: Weighed, vectors: Sequence[Vector]) -> Weights:
    """The weights that tell facts from the rest, rounded to hundredths.

    What is left to the weighing and would be believed wrongly counts more in the next fit.
    """
    weights = _fit(vectors)
    for _ in range(_INSISTENCE):
        wrong = [
            one.left
            and not one.right
            and evidence(weights, one.features) > BELIEVED[kind] - _MARGIN
            for one in vectors
        ]
        if not any(wrong):
            break
        vectors = [
            replace(one, counts=one.counts * _INSIST) if again else one
            for one, again in zip(vectors, wrong, strict=True)
        ]
        weights = _fit(vectors)
    return weights


def _fit(vectors: Sequence[Vector]) -> Weights:
    seen = Counter(feature for vector in vectors for feature in vector.features)
    names = sorted(feature for feature, times in seen.items() if times >= _SEEN_LEAST)
    places = {feature: at for at, feature in enumerate(names)}
    rows = [sorted(places[one] for one in vector.features if one in places) for vector in vectors]
    learner = _Learner(len(names))
    order = list(range(len(rows)))
    random = Random(1)
    for _ in range(_ROUNDS):
        random.shuffle(order)
        for at in order:
            learner.learn(rows[at], vectors[at])
    rounded = ((name, round(learner.weights[at], 2)) for name, at in places.items())
    return {name: weight for name, weight in rounded if weight}


class _Learner:
    """One weight a feature, and what its past gradients say of it."""

    def __init__(self, size: int) -> None:
        self.weights = [0.0] * size
        self._pull = [0.0] * size
        self._moved = [0.0] * size

    def learn(self, row: Sequence[int], vector: Vector) -> None:
        """Move the weights of one candidate's features towards its label."""
        odds = sum(self.weights[at] for at in row)
        error = vector.counts * (1 / (1 + math.exp(-max(-30.0, min(30.0, odds)))) - vector.right)
        if abs(error) < _SETTLED:
            return
        square = error * error
        for at in row:
            moved = self._moved[at]
            now = moved + square
            step = (math.sqrt(now) - math.sqrt(moved)) / _STEP
            pull = self._pull[at] = self._pull[at] + error - step * self.weights[at]
            self._moved[at] = now
            free = abs(pull) - _SPARSE
            scale = (1.0 + math.sqrt(now)) / _STEP + _SMALL
            self.weights[at] = 0.0 if free <= 0 else -math.copysign(free, pull) / scale


def all_vectors(kind: Weighed, *, but: str = "") -> list[Vector]:
    """Every candidate of every labelled message, those of one set left out."""
    names = (name for name in SETS if name != but)
    return [*(one for name in names for one in set_vectors(kind, name)), *example_vectors(kind)]


def digest(vectors: Iterable[Vector]) -> str:
    """What the weights were fitted to, in short."""
    told = hashlib.sha256()
    for vector in vectors:
        told.update(f"{vector.right} {sorted(vector.features)}\n".encode())
    return told.hexdigest()


def write(kind: Weighed) -> None:
    """Fit a kind's weights to everything and write them down."""
    vectors = all_vectors(kind)
    weights = fit(kind, vectors)
    head = f"# weight, feature; fitted by tests/extraction/fitting.py\n# sha256 {digest(vectors)}\n"
    lines = "".join(f"{weight:.2f}\t{name}\n" for name, weight in sorted(weights.items()))
    (DATA / f"weights_{kind}.tsv").write_text(head + lines, "utf-8")
    sys.stdout.write(f"{kind}: {len(weights)} weights\n")


def apart(left_out_sets: Sequence[str]) -> None:
    """For each of some sets, and all of them: what the rules reach alone, and with weights fitted to all others."""
    nothing: Weights = {ALWAYS: -math.inf}
    counted: dict[Weighed, list[tuple[Score, Score]]] = {kind: [] for kind in KINDS}
    for left_out in left_out_sets:
        sentences = read_labelled(HERE / f"{left_out}.jsonl")
        weights = {kind: fit(kind, all_vectors(kind, but=left_out)) for kind in KINDS}
        alone = score(sentences, partial(extract_with, names=nothing, towns=nothing))
        both = score(sentences, partial(extract_with, names=weights["name"], towns=weights["city"]))
        for kind in KINDS:
            counted[kind].append((alone[kind], both[kind]))
            _print_apart(left_out, kind, alone[kind], both[kind])
    for kind, pairs in counted.items():
        _print_apart("together", kind, *(_sum(scores) for scores in zip(*pairs, strict=True)))


def _print_apart(name: str, kind: Weighed, alone: Score, both: Score) -> None:
    line = f"{alone.precision:.3f} {alone.recall:.3f}   {both.precision:.3f} {both.recall:.3f}"
    sys.stdout.write(f"{name:14} {kind:5} {line}\n")
    sys.stdout.flush()


def _sum(scores: Iterable[Score]) -> Score:
    counts = [(one.right, one.found, one.labelled) for one in scores]
    return Score(*(sum(column) for column in zip(*counts, strict=True)))


if __name__ == "__main__":
    if "--apart" in sys.argv:
        apart(sys.argv[2:] or SETS)
    else:
        for weighed_kind in KINDS:
            write(weighed_kind)
