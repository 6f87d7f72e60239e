"""Which part of the event log is meant: by company, conversation, type, time or event.

    SelectionInvalid (a ValueError)   what is asked for makes no sense; `.field` names what of it
    └── EventNotLogged                a bound is an event that the log does not hold, or twice

A selection is a wish; `slices` holds it against the log as it stands and fixes where it ends, so
that reading it comes to an end while events go on arriving.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from events.catalogue.fields import parse_time, parse_uuid
from events.partitioning import partition_of
from projections.migrate import Database
from projections.statements import statements

_SQL = statements("consumers", "selection.sql")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ZONED = re.compile(r"([Zz]|[+-]\d{2}:\d{2})$", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOMENT = timedelta(microseconds=1)
"""The least difference between two times in Postgres."""

Bound = datetime | UUID
"""A time, or the place of an event."""


class SelectionInvalid(ValueError):
    """What is asked for makes no sense. `.field`: company, conversation, type, from, until or by."""

    def __init__(self, field: str, wrong: str) -> None:
        super().__init__(wrong)
        self.field = field


class EventNotLogged(SelectionInvalid):
    """A bound is an event that does not stand in the log, or in several partitions of it."""


class Clock(StrEnum):
    """Which time of an event is compared."""

    RECORDED_AT = "recorded_at"
    """When it came into the log."""
    OCCURRED_AT = "occurred_at"
    """When it happened, as its producer says."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of the log; what is None or empty narrows nothing.

    A time as `start` is included, as `end` excluded, by the clock `by`. An event as a bound is
    included at both ends and means its place, whatever `by` says: in its own partition its
    position; in the others, which have no order with it, what was recorded at or after its
    `recorded_at` (`start`), at or before it (`end`).

    Raises:
        SelectionInvalid: when made with values that cannot be.
    """

    company: str | None = None
    conversation: str | None = None
    """`""` means a company's events without a conversation."""
    types: tuple[str, ...] = ()
    start: Bound | None = None
    end: Bound | None = None
    by: Clock = Clock.RECORDED_AT

    def __post_init__(self) -> None:
        _check_text("company", self.company, least=1, most=64)
        _check_text("conversation", self.conversation, least=0, most=200)
        if self.conversation is not None and self.company is None:
            raise SelectionInvalid("conversation", "needs the company that it belongs to")
        for type_ in self.types:
            if _TYPE.fullmatch(type_) is None:
                raise SelectionInvalid(
                    "type", f"{type_!r} is not family.name in lower snake case, like message.sent"
                )
        times = [bound for bound in (self.start, self.end) if isinstance(bound, datetime)]
        if len(times) == 2 and times[0] >= times[1]:
            raise SelectionInvalid("until", "must be later than the beginning")

    @classmethod
    def parse(
        cls,
        *,
        company: str | None = None,
        conversation: str | None = None,
        types: Iterable[str] = (),
        start: str | None = None,
        end: str | None = None,
        by: str = Clock.RECORDED_AT,
    ) -> Self:
        """A selection from what a person wrote; bounds as `parse_bound` reads them.

        Raises:
            SelectionInvalid: with the first thing that is wrong.
        """
        if by not in set(Clock):
            raise SelectionInvalid("by", f"{by!r} is none of {', '.join(Clock)}")
        return cls(
            company,
            conversation,
            tuple(sorted(set(types))),
            None if start is None else parse_bound("from", start),
            None if end is None else parse_bound("until", end),
            Clock(by),
        )

    def told(self) -> dict[str, Any]:
        """What is asked for, ready for JSON, by the names people use; the same for equal ones."""
        given: dict[str, Any] = {
            "company": self.company,
            "conversation": self.conversation,
            "type": list(self.types) or None,
            "from": _bound_text(self.start),
            "until": _bound_text(self.end),
            "by": str(self.by) if self._has_time() else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def _has_time(self) -> bool:
        return isinstance(self.start, datetime) or isinstance(self.end, datetime)


@dataclass(frozen=True, slots=True)
class Slice:
    """One partition's part of a selection: positions in `(after, up_to]`, narrowed by time.

    `*_from` is included, `*_until` excluded.
    """

    partition: int
    after: int
    up_to: int
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None

    def filters(self, selection: Selection) -> tuple[Any, ...]:
        """Parameters of a statement that reads it, in this order.

        company_id text, conversation_id text, types text[], recorded from and until, occurred from
        and until timestamptz; each null where it narrows nothing.
        """
        return (
            selection.company,
            selection.conversation,
            list(selection.types) or None,
            self.recorded_from,
            self.recorded_until,
            self.occurred_from,
            self.occurred_until,
        )


async def slices(conn: Database, selection: Selection) -> tuple[Slice, ...]:
    """The selection against the log as it stands: by partition, empty ones left out.

    Raises:
        EventNotLogged: a bound names an event that is not there, or more than one.
    """
    ends = {row["partition"]: row["position"] for row in await conn.fetch(_SQL["ends"])}
    start = await _placed(conn, "from", selection.start)
    end = await _placed(conn, "until", selection.end)
    wanted: Iterable[int] = ends
    if selection.company is not None and selection.conversation is not None:
        wanted = [partition_of(selection.company, selection.conversation, len(ends))]
    found = [_slice(p, ends[p], selection.by, start, end) for p in wanted]
    return tuple(one for one in found if one.after < one.up_to)


def parse_bound(field: str, text: str) -> Bound:
    """A time (RFC 3339, UTC where no offset is given; a day alone is its beginning) or an event id.

    Raises:
        SelectionInvalid: neither.
    """
    given = text.strip()
    try:
        return parse_uuid(given)
    except ValueError:
        pass
    timed = f"{given}T00:00:00" if _DAY.fullmatch(given) else given.replace(" ", "T", 1)
    try:
        return parse_time(timed if _ZONED.search(timed[10:]) else f"{timed}Z")
    except ValueError as error:
        raise SelectionInvalid(
            field,
            f"{text!r} is neither a time, like 2026-11-02T12:00:00Z or 2026-11-02, nor an event's id",
        ) from error


@dataclass(frozen=True, slots=True)
class _Place:
    partition: int
    position: int
    recorded_at: datetime


async def _placed(conn: Database, field: str, bound: Bound | None) -> datetime | _Place | None:
    if not isinstance(bound, UUID):
        return bound
    rows = await conn.fetch(_SQL["places of an event"], bound)
    if not rows:
        raise EventNotLogged(field, f"the event {bound} is not in the log")
    if len(rows) > 1:
        where = ", ".join(str(row["partition"]) for row in rows)
        raise EventNotLogged(field, f"the event {bound} is in partitions {where}: give a time")
    (row,) = rows
    return _Place(row["partition"], row["position"], row["recorded_at"])


def _slice(
    partition: int,
    last: int,
    by: Clock,
    start: datetime | _Place | None,
    end: datetime | _Place | None,
) -> Slice:
    after, up_to = 0, last
    times: dict[str, datetime] = {}
    clock = "recorded" if by is Clock.RECORDED_AT else "occurred"
    if isinstance(start, datetime):
        times[f"{clock}_from"] = start
    elif start is not None and start.partition == partition:
        after = start.position - 1
    elif start is not None:
        times["recorded_from"] = start.recorded_at
    if isinstance(end, datetime):
        times[f"{clock}_until"] = end
    elif end is not None and end.partition == partition:
        up_to = min(last, end.position)
    elif end is not None:
        times["recorded_until"] = end.recorded_at + _MOMENT
    return Slice(partition, after, up_to, **times)


def slice_to_json(one: Slice) -> dict[str, Any]:
    """The slice for JSON, to be read again by `slice_from_json`."""
    given = {name: getattr(one, name) for name in Slice.__slots__}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in given.items()
        if value is not None
    }


def slice_from_json(told: Mapping[str, Any]) -> Slice:
    """The slice that `slice_to_json` told.

    Raises:
        KeyError, TypeError, ValueError: it is not one.
    """
    times = {
        name: datetime.fromisoformat(told[name]).astimezone(UTC)
        for name in Slice.__slots__
        if name.endswith(("_from", "_until")) and name in told
    }
    return Slice(int(told["partition"]), int(told["after"]), int(told["up_to"]), **times)


def _bound_text(bound: Bound | None) -> str | None:
    if bound is None:
        return None
    return bound.isoformat() if isinstance(bound, datetime) else str(bound)


def _check_text(field: str, value: str | None, *, least: int, most: int) -> None:
    if value is None:
        return
    if not least <= len(value) <= most:
        raise SelectionInvalid(field, f"must be text of {least} to {most} characters")
    if _CONTROL.search(value):
        raise SelectionInvalid(field, "must not contain control characters")
