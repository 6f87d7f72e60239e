"""From rows of the event log back to recorded events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import asyncpg

from events.common_types import read
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.errors import InvalidEvent
from events.payload import Unreadable
from events.restoring import by_its_body, ordinary, restored
from events.stand_ins import COMMON

IN_ORDER = (
    *("position", "entry_id", "recorded_at", "event_id", "type", "version", "occurred_at"),
    *("company_id", "conversation_id", "body"),
)
"""The columns of the log that make an event; the body as text."""

_in_order = itemgetter(*IN_ORDER)
_tuple = tuple.__new__
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class _LoggedRecord(RecordedEvent):
    """Holds its place and time as the log gave them: they are asked for where an event is parked."""

    __slots__ = ()

    @property
    def entry_id(self) -> EntryId:
        text: Any = self[3]
        return _entry_id(text)

    @property
    def recorded_at(self) -> datetime:
        sent: Any = self[4]
        return _time(sent)


class _BriefRecord(RecordedEvent):
    """Holds its time as the log gave it, and no entry, which no fold of the log's group asks for."""

    __slots__ = ()

    @property
    def recorded_at(self) -> datetime:
        sent: Any = self[4]
        return _time(sent)


def from_log(row: asyncpg.Record, partition: int) -> RecordedEvent:
    """The event of a row with the log's columns; one that no longer decodes keeps its place.

    Its payload is `Unreadable` then, so that it is parked and never skipped.
    """
    return _whole(_in_order(row), partition)


def all_from_log(rows: Iterable[asyncpg.Record], partition: int) -> list[RecordedEvent]:
    """The same of many rows that begin with `IN_ORDER`, whose `recorded_at` is `timestamptz_send`'s.

    Its entry and when it was recorded are made whenever somebody asks for them: such a record is not to
    be compared with others.
    """
    return [_at_need(row, partition) for row in rows]


def briefly(rows: Iterable[asyncpg.Record], partition: int) -> list[RecordedEvent | None]:
    """The same of rows that have only what a body does not say, at the least cost.

    Each is position, type, `recorded_at` as above, event_id, body, and anything. Events of common types are as
    `events.common_types.read` gives them. None has its entry: before one is parked it has to be made by
    `all_from_log`. A None in the list: so has this.
    """
    found: list[RecordedEvent | None] = []
    for position, type_, recorded, id_, body, _ in rows:
        event = read(body, id_) if type_ in COMMON else None
        if event is None:
            event = by_its_body(body, id_, type_)
        found.append(
            None
            if event is None
            else _tuple(_BriefRecord, (event, partition, position, None, recorded))
        )
    return found


def _at_need(values: Iterable[Any], partition: int) -> RecordedEvent:
    position, entry_id, recorded, id_, type_, version, at, company_id, conversation_id, body, *_ = (
        values
    )
    event = ordinary(
        body,
        id_,
        type_=type_,
        version=version,
        occurred_at=at,
        company_id=company_id,
        conversation_id=conversation_id,
    )
    if event is None:
        told = (id_, type_, version, at, company_id, conversation_id, body)
        return _whole((position, entry_id, _time(recorded), *told), partition)
    # What a named tuple's constructor does, without the call of a Python function around it.
    return _tuple(_LoggedRecord, (event, partition, position, entry_id, recorded))


def _whole(values: Iterable[Any], partition: int) -> RecordedEvent:
    (
        position,
        entry_id,
        recorded_at,
        event_id,
        type_,
        version,
        at,
        company_id,
        conversation_id,
        body,
    ) = values
    try:
        event = restored(
            body,
            event_id,
            type_=type_,
            version=version,
            occurred_at=at,
            company_id=company_id,
            conversation_id=conversation_id,
        )
    except InvalidEvent as error:
        event = Event(
            id=event_id,
            type=type_ or "",
            version=version or 0,
            occurred_at=at or recorded_at,
            company_id=company_id,
            conversation_id=conversation_id,
            source="",
            correlation_id="",
            causation_id=None,
            payload=Unreadable(reason=str(error)),
        )
    return RecordedEvent(event, partition, position, _entry_id(entry_id), recorded_at)


def _entry_id(text: str) -> EntryId:
    ms, _, seq = text.partition("-")
    return EntryId(int(ms), int(seq))


def _time(sent: bytes) -> datetime:
    """Of microseconds since the year 2000, as Postgres sends a time."""
    return _POSTGRES_EPOCH + timedelta(microseconds=int.from_bytes(sent, "big", signed=True))
