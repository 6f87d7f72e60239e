"""A recorded event as a row of `runtime.event_log`."""

from __future__ import annotations

from typing import Any

from events.envelope import RecordedEvent

COLUMNS = (
    "partition",
    "position",
    "event_id",
    "type",
    "version",
    "company_id",
    "conversation_id",
    "occurred_at",
    "recorded_at",
    "entry_id",
    "body",
)


def log_row(recorded: RecordedEvent, raw: bytes) -> tuple[Any, ...]:
    """Values in the order of `COLUMNS`; the body verbatim as it stood in the stream."""
    event = recorded.event
    return (
        recorded.partition,
        recorded.position,
        event.id,
        event.type,
        event.version,
        event.company_id,
        event.conversation_id,
        event.occurred_at,
        recorded.recorded_at,
        str(recorded.entry_id),
        raw.decode(),
    )
