"""Moments as HTTP's headers write them.

Source: RFC 9110 section 5.6.7.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_until(date: str, *, now: datetime) -> float | None:
    """How long until an HTTP date, never below zero; None where it is none. `now` is aware."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        # The latter for numbers that no date has.
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
