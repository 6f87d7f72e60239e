"""Days with their month's name ("5 de março", "primeiro de maio") and days by number ("dia 20")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from runtime.extraction.calendar_words import (
    MONTHS,
    SHORT_MONTHS,
    day_in_month,
    exact_day,
    full_year,
    next_day_of_month,
    next_day_of_year,
)
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import FORMED, LIKELY
from runtime.extraction.day_like import bears_a_day, counts_something, recurs
from runtime.extraction.numerals import read_numeral
from runtime.extraction.words import STREETS, Words, word_set

# Short months that are also other words, or numbers.
_WORDS_TOO: Final = frozenset({"mar", "mai", "set", "out", "dez", "ago"})
_FIRST: Final = frozenset({"primeiro", "1o", "1a"})
_LISTED: Final = frozenset({"e", "a", "ao", "ou", "ate", ",", "-", "/"})
_NO_DAY: Final = word_set(
    "mil reais x % h hs hrs horas hora vezes k km reais pessoas min minutos por : $ kg dias"
)
_MOST_LISTED: Final = 8
_NOT_A_DATE: Final = frozenset(
    {"bom", "um", "cada", "ao", "por", "meio", "qualquer", "outro", "todo"}
)


def find_month_dates(words: Words, today: date) -> Iterator[Candidate]:
    """Every such day, also those that share a month ("5 e 6 de março")."""
    at = 0
    while at < len(words.items):
        read = _day(words, at)
        if read is None:
            at += 1
            continue
        day, after = read
        found = _named(words, at, day, after, today)
        if found is None and _month_at(words, after) is None:
            found = _numbered(words, at, day, after, today)
        if found is not None:
            yield found
        at = after


def _day(words: Words, at: int) -> tuple[int, int] | None:
    """A day's number and the word after it."""
    word = words.plain(at)
    if word.isdigit() and len(word) <= 2:
        ordinal = words.plain(at + 1) in {"o", "a"} and words.touching(at + 1)
        return (int(word), at + 1 + ordinal) if not _within_number(words, at) else None
    if word in _FIRST:
        return 1, at + 1
    numeral = read_numeral(words, at)
    if numeral is None or numeral.scaled or not 1 <= numeral.value <= 31:
        return None
    return int(numeral.value), numeral.after


def _within_number(words: Words, at: int) -> bool:
    glued = words.touching(at) and words.plain(at - 1) in {".", ",", "/", ":", "$"}
    return glued and words.plain(at - 2)[-1:].isdigit()


def _named(words: Words, at: int, day: int, after: int, today: date) -> Candidate | None:
    if words.plain(at - 1) in STREETS | {"na", "da"} or words.plain(at - 2) in STREETS:
        return None
    if bears_a_day(words, at):
        return None
    month_at = _month_at(words, after)
    if month_at is None:
        return _shared(words, at, day, after, today)
    month = MONTHS[words.plain(month_at)]
    year, end = _year(words, month_at + 1, today)
    found = exact_day(day, month, year) if year else next_day_of_year(day, month, today)
    return _candidate(words, at, end, found, FORMED)


def _month_at(words: Words, after: int) -> int | None:
    """Where the month of a day stands: "de março", "/mar", "março"."""
    joint = words.plain(after)
    if joint in {"de", "d", "do", "/", "-", "."} and words.plain(after + 1) in MONTHS:
        spaced_short = joint == "." and words.plain(after + 1) in SHORT_MONTHS
        return None if spaced_short else after + 1
        # "Um marco" is no first of March.
    counted = words.plain(after - 1)[:1].isdigit() or words.plain(after - 1) in {"o", "a"}
    return after if counted and joint in MONTHS and joint not in _WORDS_TOO else None


def _year(words: Words, at: int, today: date) -> tuple[int, int]:
    """The year said after a month, 0 where none is, and the word after it."""
    joint = at + 1 if words.plain(at) in {"de", "/", "-", "do", ",", "d"} else at
    word = words.plain(joint)
    if word.isdigit() and len(word) == 4 and 1900 <= int(word) <= 2200:
        return int(word), joint + 1
    if word.isdigit() and len(word) == 2 and joint > at and words.plain(at) in {"/", "-", "de"}:
        return full_year(int(word), today), joint + 1
    spelt = read_numeral(words, joint) if joint > at else None
    if spelt is not None and spelt.scaled and 1900 <= spelt.value <= 2200:
        return int(spelt.value), spelt.after
    if words.follows(joint, "ano", "que", "vem"):
        return today.year + 1, joint + 3
    if words.follows(joint, "proximo", "ano"):
        return today.year + 1, joint + 2
    return 0, at


def _shared(words: Words, at: int, day: int, after: int, today: date) -> Candidate | None:
    """The 5th in "5 e 6 de março": the month comes with a later day."""
    position = after
    for _ in range(3):
        if words.plain(position) not in _LISTED:
            return None
        step = position + 1 + (words.plain(position + 1) == "dia")
        following = _day(words, step)
        if following is None:
            return None
        position = following[1]
        month_at = _month_at(words, position)
        if month_at is not None:
            month = MONTHS[words.plain(month_at)]
            year, _ = _year(words, month_at + 1, today)
            found = exact_day(day, month, year) if year else next_day_of_year(day, month, today)
            return _candidate(words, at, after, found, LIKELY)
    return None


def _numbered(words: Words, at: int, day: int, after: int, today: date) -> Candidate | None:
    """A day by its number: "dia 20", "dias 20 e 21", "dia 20 do mês que vem"."""
    if not _said_as_day(words, at) or words.plain(after) in _NO_DAY:
        return None
    divided = words.plain(after) in {"/", ".", ","} and words.plain(after + 1).isdigit()
    if divided and words.touching(after) and words.touching(after + 1):
        return None
    if recurs(words, after) or words.plain(after) in {"passado", "retrasado"}:
        return None
    ahead, end = _month_ahead(words, after)
    month = words.plain(after + 1)
    if words.plain(after) == "do" and month.isdigit() and len(month) <= 2:
        found, end = next_day_of_year(day, int(month), today), after + 2
    elif ahead is not None:
        found = day_in_month(day, today, ahead)
    else:
        found = next_day_of_month(day, today)
    start = at - 1 if words.plain(at - 1) in {"dia", "dias"} else at
    return _candidate(words, start, end, found, LIKELY)


def _said_as_day(words: Words, at: int) -> bool:
    before = words.plain(at - 1)
    if before == "dia":
        to_a_day = words.plain(at - 2) == "ao" and words.plain(at - 3).isdigit()
        return to_a_day or words.plain(at - 2) not in _NOT_A_DATE
    if before == "dias":
        return not words.plain(at - 2).isdigit()
    earlier = at - 2
    if before in _LISTED and counts_something(words, at):
        return False
    for _ in range(_MOST_LISTED):
        if before not in _LISTED - {"-", "/"} or not words.plain(earlier).isdigit():
            return False
        if words.plain(earlier - 1) in {"dia", "dias"}:
            return True
        before, earlier = words.plain(earlier - 1), earlier - 2
    return False


def _month_ahead(words: Words, at: int) -> tuple[int | None, int]:
    """How many months ahead was said, if any was, and the word after it."""
    for said, ahead in (
        (("do", "mes", "que", "vem"), 1),
        (("do", "proximo", "mes"), 1),
        (("mes", "que", "vem"), 1),
        (("do", "mes", "passado"), -1),
        (("desse", "mes"), 0),
        (("deste", "mes"), 0),
    ):
        if words.follows(at, *said):
            return ahead, at + len(said)
    return None, at


def _candidate(
    words: Words, first: int, after: int, found: date | None, confidence: float
) -> Candidate | None:
    if found is None:
        return None
    start, end = words.items[first].start, words.items[after - 1].end
    return Candidate("date", found.isoformat(), start, end, confidence)
