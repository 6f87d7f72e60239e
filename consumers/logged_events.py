"""From rows of the event log back to recorded events."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.errors import InvalidEvent
from events.payload import Unreadable
from events.restoring import restored


def from_log(row: asyncpg.Record, partition: int) -> RecordedEvent:
    """The event of a row with the log's columns; one that no longer decodes keeps its place.

    Its payload is `Unreadable` then, so that it is parked and never skipped.
    """
    try:
        event = restored(
            row["body"],
            # Not asyncpg's own kind, which JSON does not take.
            UUID(int=row["event_id"].int),
            type_=row["type"],
            version=row["version"],
            occurred_at=row["occurred_at"],
            company_id=row["company_id"],
            conversation_id=row["conversation_id"],
        )
    except InvalidEvent as error:
        event = _unreadable(row, str(error))
    entry_id = EntryId.written(row["entry_id"])
    return RecordedEvent(event, partition, row["position"], entry_id, row["recorded_at"])


def _unreadable(row: asyncpg.Record, reason: str) -> Event:
    return Event(
        id=row["event_id"],
        type=row["type"] or "",
        version=row["version"] or 0,
        occurred_at=row["occurred_at"] or row["recorded_at"],
        company_id=row["company_id"],
        conversation_id=row["conversation_id"],
        source="",
        correlation_id="",
        causation_id=None,
        payload=Unreadable(reason=reason),
    )
