"""One stretch of text is one fact: what wins where the proposals of two rules overlap."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.found import Kind

# What proves itself comes before what is only formed alike, and that before what words suggest.
_PRECEDENCE: Final[dict[Kind, int]] = {
    "email": 0,
    "cnpj": 1,
    "cpf": 2,
    "phone": 3,
    "date": 4,
    "money": 5,
    "city": 6,
    "name": 7,
}


def resolve(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that stand, ordered by start; of two of one kind the longer one wins."""
    ranked = sorted(
        candidates, key=lambda one: (_PRECEDENCE[one.kind], one.start - one.end, one.start)
    )
    taken: list[tuple[int, int]] = []
    kept: list[Candidate] = []
    for candidate in ranked:
        at = bisect_left(taken, (candidate.start, candidate.end))
        clear_before = at == 0 or taken[at - 1][1] <= candidate.start
        clear_after = at == len(taken) or candidate.end <= taken[at][0]
        if clear_before and clear_after:
            insort(taken, (candidate.start, candidate.end))
            kept.append(candidate)
    return sorted(kept, key=lambda one: one.start)
