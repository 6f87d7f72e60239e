"""Moments as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

A_TIME = (
    "a time like 2026-11-02T12:00:00Z or 2026-11-02T09:00-03:00; without an offset it is UTC, "
    "without a time of day it is midnight"
)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the log: up to and with a time, or up to and with an event. One is not None."""

    at: datetime | None = None
    event_id: UUID | None = None


def time_of(text: str) -> datetime:
    """The time in UTC; digits below a microsecond are cut.

    Raises:
        ValueError: it is none; the text says what is accepted.
    """
    written = text.strip()
    if _TIME.fullmatch(written) is None:
        raise ValueError(f"{text!r} is no time: give {A_TIME}")
    try:
        read = datetime.fromisoformat(written.upper())
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time that exists ({error}): give {A_TIME}") from error


def moment_of(text: str) -> Moment:
    """The moment of a time or of an event's id.

    Raises:
        ValueError: it is neither; the text says what is accepted.
    """
    try:
        return Moment(event_id=UUID(text.strip()))
    except ValueError:
        pass
    try:
        return Moment(at=time_of(text))
    except ValueError as error:
        raise ValueError(f"{error}, or an event id (a UUID)") from None
