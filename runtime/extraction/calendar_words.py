"""Portuguese words of the calendar, and the day that follows from them."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Final

from runtime.extraction.words import word_set

MONTHS: Final = {
    "janeiro": 1, "fevereiro": 2, "marco": 3, "abril": 4, "maio": 5, "junho": 6, "julho": 7,
    "agosto": 8, "setembro": 9, "outubro": 10, "novembro": 11, "dezembro": 12,
    "jan": 1, "fev": 2, "mar": 3, "abr": 4, "mai": 5, "jun": 6, "jul": 7, "ago": 8, "set": 9,
    "out": 10, "nov": 11, "dez": 12,
    "janero": 1, "janeir": 1, "feverero": 2, "fevereir": 2, "fevreiro": 2, "fevereio": 2, "marso": 3,
    "abriu": 4, "abri": 4, "junio": 6, "julio": 7, "agsto": 8, "agost": 8, "agostp": 8,
    "setenbro": 9, "setembr": 9, "setmbro": 9, "sentembro": 9, "outubr": 10, "otubro": 10,
    "outbro": 10, "novenbro": 11, "novembr": 11, "novmbro": 11, "dezenbro": 12, "dezembr": 12,
    "desembro": 12, "dezmbro": 12, "dezenbr": 12,
}  # fmt: skip
SHORT_MONTHS: Final = word_set("jan fev mar abr mai jun jul ago set out nov dez")
WEEKDAYS: Final = {
    "segunda": 0, "terca": 1, "quarta": 2, "quinta": 3, "sexta": 4, "sabado": 5, "domingo": 6,
    "segundona": 0, "domingao": 6, "sextou": 4, "sabadao": 5, "sabdo": 5, "sabadu": 5, "domigo": 6, "tersa": 1,
    "cegunda": 0, "segnda": 0, "sesta": 4, "qarta": 2, "qinta": 3, "terssa": 1,
}  # fmt: skip
SHORT_WEEKDAYS: Final = {"seg": 0, "ter": 1, "qua": 2, "qui": 3, "sex": 4, "sab": 5, "dom": 6}


def exact_day(day: int, month: int, year: int) -> date | None:
    """The day, or `None` where the calendar has none such."""
    if not (1 <= month <= 12 and 1900 <= year <= 2200 and day >= 1):
        return None
    return date(year, month, day) if day <= calendar.monthrange(year, month)[1] else None


def next_day_of_year(day: int, month: int, today: date) -> date | None:
    """The next such day, today included; 29 February waits for its year."""
    for year in range(today.year, today.year + 9):
        found = exact_day(day, month, year)
        if found is not None and found >= today:
            return found
    return None


def next_day_of_month(day: int, today: date) -> date | None:
    """The next month's day of that number, today included; a month too short is passed over."""
    for step in range(13):
        found = day_in_month(day, today, step)
        if found is not None and found >= today:
            return found
    return None


def day_in_month(day: int, today: date, months_ahead: int) -> date | None:
    """That day in the month so many months ahead."""
    months = today.year * 12 + today.month - 1 + months_ahead
    return exact_day(day, months % 12 + 1, months // 12)


def next_weekday(weekday: int, today: date) -> date | None:
    """The next such weekday after today."""
    return days_from(today, (weekday - today.weekday() - 1) % 7 + 1)


def weekday_of_next_week(weekday: int, today: date) -> date | None:
    """That weekday in the week that starts with the coming Monday."""
    return days_from(today, 7 - today.weekday() + weekday)


def days_from(today: date, days: int) -> date | None:
    """A day so many days away; `None` beyond the calendar."""
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None


def full_year(short: int, today: date) -> int:
    """The year of two digits: up to twenty years ahead, else in the past."""
    century = today.year - today.year % 100
    return century + short if short <= today.year % 100 + 20 else century - 100 + short
