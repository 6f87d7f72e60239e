"""From rows of the event log back to recorded events."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import asyncpg

from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.errors import InvalidEvent
from events.payload import Unreadable
from events.restoring import restored

IN_ORDER = (
    *("position", "entry_id", "recorded_at", "event_id", "type", "version", "occurred_at"),
    *("company_id", "conversation_id", "body"),
)
"""The columns of the log that make an event; the body as text."""

_in_order = itemgetter(*IN_ORDER)
_tuple = tuple.__new__


def from_log(row: asyncpg.Record, partition: int) -> RecordedEvent:
    """The event of a row with the log's columns; one that no longer decodes keeps its place.

    Its payload is `Unreadable` then, so that it is parked and never skipped.
    """
    return _recorded(_in_order(row), partition)


def all_from_log(rows: Iterable[asyncpg.Record], partition: int) -> list[RecordedEvent]:
    """The same of many rows, which hold `IN_ORDER` and nothing else."""
    return [_recorded(row, partition) for row in rows]


def _recorded(values: Iterable[Any], partition: int) -> RecordedEvent:
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
    ms, _, seq = entry_id.partition("-")
    place = _tuple(EntryId, (int(ms), int(seq)))
    # What a named tuple's constructor does, without the call of a Python function around it.
    return _tuple(RecordedEvent, (event, partition, position, place, recorded_at))
