"""Days: in figures, with a month's name, by their number, by the weekday, or counted from today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.folding import Folded
from runtime.extraction.month_dates import find_month_dates
from runtime.extraction.numeric_dates import find_numeric_dates
from runtime.extraction.relative_dates import find_relative_dates
from runtime.extraction.weekdays import find_weekdays
from runtime.extraction.words import split_words

_APPOSED: Final = re.compile(r"(?P<gap>[ ]?[,(-]?[ ]?)(?:dia[ ])?")


def find_dates(folded: Folded, today: date) -> Iterator[Candidate]:
    """Every day that exists; ranges of opening hours ("de segunda a sexta") are none."""
    words = split_words(folded.plain)
    dated = [
        *find_numeric_dates(folded.plain, today),
        *find_month_dates(words, today),
        *find_relative_dates(words, today),
    ]
    yield from dated
    yield from _unexplained(folded.plain, find_weekdays(words, today), dated)


def _unexplained(
    plain: str, weekdays: Iterable[Candidate], dated: Sequence[Candidate]
) -> Iterator[Candidate]:
    """The weekdays that stand alone: in "quarta, 2/12" and "amanhã, sábado" it is the same day."""
    starts = {one.start for one in dated}
    ends = {one.end: one.value for one in dated}
    for one in weekdays:
        apposed = _APPOSED.match(plain, one.end)
        if apposed and starts & {apposed.end(), apposed.end("gap")}:
            continue
        if one.value not in {ends.get(one.start - gap) for gap in (1, 2)}:
            yield one
