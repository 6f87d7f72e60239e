"""Precision and recall of the rules over labelled sentences, kind by kind.

A labelled file holds one JSON object a line: `text`, `today` (ISO) and `facts`, each with `kind` and
`value`. A fact that was found is right when that sentence has a label of the same kind and value.

`python -m tests.extraction.scoring FILE` prints the table and every sentence that went wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, get_args

from runtime.extraction import Found, Kind, extract

KINDS: tuple[Kind, ...] = get_args(Kind)

Fact = tuple[str, str]


class Reader(Protocol):
    """What finds the facts in a text."""

    def __call__(self, text: str, *, today: date) -> Iterable[Found]: ...


@dataclass(frozen=True, slots=True)
class Sentence:
    """A labelled sentence."""

    text: str
    today: date
    facts: Counter[Fact]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one kind."""

    right: int
    found: int
    labelled: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.labelled if self.labelled else 1.0


@dataclass(frozen=True, slots=True)
class Miss:
    """A sentence in which something is missing or too much."""

    text: str
    missing: Counter[Fact]
    unwanted: Counter[Fact]


def read_labelled(path: Path) -> list[Sentence]:
    """The sentences of a labelled file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        Sentence(
            row["text"],
            date.fromisoformat(row["today"]),
            Counter((fact["kind"], fact["value"]) for fact in row["facts"]),
        )
        for row in rows
    ]


def score(sentences: Sequence[Sentence], read: Reader = extract) -> dict[str, Score]:
    """The counts of every kind, as `read` finds facts."""
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    for sentence in sentences:
        facts = _found(sentence, read)
        for counts, of in (
            (right, facts & sentence.facts),
            (found, facts),
            (labelled, sentence.facts),
        ):
            for (kind, _), times in of.items():
                counts[kind] += times
    return {kind: Score(right[kind], found[kind], labelled[kind]) for kind in KINDS}


def misses(sentences: Sequence[Sentence], read: Reader = extract) -> Iterator[Miss]:
    """The sentences in which the rules and the labels differ."""
    for sentence in sentences:
        facts = _found(sentence, read)
        if facts != sentence.facts:
            yield Miss(sentence.text, sentence.facts - facts, facts - sentence.facts)


def table(scores: dict[str, Score]) -> str:
    """The scores for a person to read."""
    lines = [f"{'kind':6} {'precision':>9} {'recall':>7} {'right':>6} {'found':>6} {'labelled':>9}"]
    for kind, one in scores.items():
        lines.append(
            f"{kind:6} {one.precision:9.3f} {one.recall:7.3f} {one.right:6} {one.found:6} {one.labelled:9}"
        )
    return "\n".join(lines)


def _found(sentence: Sentence, read: Reader) -> Counter[Fact]:
    return Counter((one.kind, one.value) for one in read(sentence.text, today=sentence.today))


if __name__ == "__main__":
    for labelled_file in sys.argv[1:]:
        labelled_sentences = read_labelled(Path(labelled_file))
        sys.stdout.write(table(score(labelled_sentences)) + "\n")
        for miss in misses(labelled_sentences):
            sys.stdout.write(f"{miss.text}\n  - {dict(miss.missing)}\n  + {dict(miss.unwanted)}\n")
