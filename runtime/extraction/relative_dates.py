"""Days counted from today: "amanhã", "depois de amanhã", "daqui a 3 dias", "em duas semanas"."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from runtime.extraction.calendar_words import days_from
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT
from runtime.extraction.day_like import is_a_term
from runtime.extraction.misspelt import slip_set
from runtime.extraction.numerals import read_numeral
from runtime.extraction.words import Words, word_set

_TOMORROW: Final = word_set(
    "amanha amanhaa amanhaaa amnha amnh amha amanh amahna amaha manha amanhan amn"
) | slip_set("amanha")
_SAID: Final = {
    "hoje": 0,
    "hj": 0,
    "hoj": 0,
    "ontem": -1,
    "anteontem": -2,
    "antontem": -2,
} | dict.fromkeys(slip_set("hoje", but=frozenset({"home", "hoe"})), 0)
_UNITS: Final = {"dia": 1, "dias": 1, "semana": 7, "semanas": 7, "diinhas": 1}
# After "até hoje" these make it a day on which something ends.
_UNTIL_TODAY: Final = word_set("as a o de no meio final fim ? se pra para noite tarde mesmo")
# "Os jovens de hoje" are those of these times.
_OF_THESE_TIMES: Final = word_set(
    "dias jovens juventude mocidade criancas adolescentes meninos meninas homens mulheres pais filhos geracao mundo tempos sociedade"
)
_SOON: Final = frozenset({"daqui", "dentro", "em", "daki", "daq", "daqi"})
_FILLERS: Final = frozenset({"a", "ha", "uns", "umas", "de", "mais"})


def find_relative_dates(words: Words, today: date) -> Iterator[Candidate]:
    """Every day counted from today; "hoje em dia" and working days are none."""
    for at in range(len(words.items)):
        found = _named(words, at) or _counted(words, at)
        if found is None:
            continue
        days, first, after = found
        day = days_from(today, days)
        if day is not None:
            start, end = words.items[first].start, words.items[after - 1].end
            yield Candidate("date", day.isoformat(), start, end, EXPLICIT)


def _named(words: Words, at: int) -> tuple[int, int, int] | None:
    word = words.plain(at)
    if word in _SAID:
        return None if _idiom(words, at) else (_SAID[word], at, at + 1)
    if word not in _TOMORROW or word == "manha" or words.follows(at + 1, "e", "outro", "dia"):
        return None
    if words.plain(at - 1) == "o":
        return None  # "O amanhã" is the future.
    if words.plain(at - 1) in {"de", "d"} and words.plain(at - 2) in {
        "depois",
        "dps",
        "dpois",
        "depos",
    }:
        return 2, at - 2, at + 1
    if words.plain(at - 1) in {"depois", "dps"}:
        return 2, at - 1, at + 1
    return 1, at, at + 1


def _idiom(words: Words, at: int) -> bool:
    """Whether "hoje" means these times: "hoje em dia", "até hoje", "os jovens de hoje"."""
    if words.follows(at + 1, "em", "dia") or words.follows(at + 1, "em", "diante"):
        return True
    days = words.plain(at - 1) == "de" and words.plain(at - 2) in _OF_THESE_TIMES
    if words.plain(at - 1) == "de" and _counted(words, at - 1) is not None:
        return True
    since = words.plain(at - 1) == "ate" and words.plain(at + 1) not in _UNTIL_TODAY
    return words.plain(at) in {"hoje", "hj"} and (days or since)


def _counted(words: Words, at: int) -> tuple[int, int, int] | None:
    """Days that are counted: "daqui a 3 dias", "em duas semanas"."""
    since_today = words.follows(at, "de", "hoje", "a")
    if not since_today and (words.plain(at) not in _SOON or is_a_term(words, at)):
        return None
    number_at = at + 3 if since_today else at + 1
    for _ in range(2):
        number_at += words.plain(number_at) in _FILLERS and words.plain(at) != "em"
    number = _number(words, number_at)
    if number is None:
        return None
    count, after = number
    unit = words.plain(after)
    if unit not in _UNITS or words.plain(after + 1) in {"uteis", "util", "corridos", "atras"}:
        return None
    return count * _UNITS[unit], at, after + 1


def _number(words: Words, at: int) -> tuple[int, int] | None:
    word = words.plain(at)
    if word.isdigit():
        return (int(word), at + 1) if len(word) <= 3 and int(word) else None
    numeral = read_numeral(words, at)
    if numeral is None or not 0 < numeral.value < 1_000:
        return None
    return int(numeral.value), numeral.after
