"""Days: in figures, with a month's name, by their number, by the weekday, or counted from today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from runtime.extraction.candidates import Candidate
from runtime.extraction.folding import Folded
from runtime.extraction.month_dates import find_month_dates
from runtime.extraction.numeric_dates import find_numeric_dates
from runtime.extraction.relative_dates import find_relative_dates
from runtime.extraction.weekdays import find_weekdays
from runtime.extraction.words import split_words


def find_dates(folded: Folded, today: date) -> Iterator[Candidate]:
    """Every day that exists; ranges of opening hours ("de segunda a sexta") are none."""
    words = split_words(folded.plain)
    yield from find_numeric_dates(folded.plain, today)
    yield from find_month_dates(words, today)
    yield from find_relative_dates(words, today)
    yield from find_weekdays(words, today)
