"""What channels tell of messages that went out: echoes whose writer they cannot know, and statuses.

Who sends holds them against its own outbound messages: an echo that is none of them was written by
a human; a status settles a send whose outcome was not known. They are taken out once used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.catalogue.messages import MessageSent, MessageStatus
from events.envelope import RecordedEvent
from events.sources import AGENT_RUNTIME
from projections.projection import Changes, Key, State, Table, Touched

_STATUSES = frozenset({"message.delivered", "message.read", "message.failed"})


@dataclass(slots=True)
class ChannelReport:
    """A row of `agent.channel_reports`. `kind` is the event's type behind the dot."""

    company_id: str
    conversation_id: str
    event_id: UUID
    kind: str
    message_id: str | None
    provider_message_id: str | None
    text: str | None
    occurred_at: datetime
    received_at: datetime


class ChannelReports:
    """The work queue `agent.channel_reports`."""

    name = "channel_reports"
    version = 1
    reads = _STATUSES | {"message.sent"}
    tables = (Table("channel_reports", ChannelReport, key=3, schema="agent"),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Nothing: rows are only added."""
        return {}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """One row a report that is not this runtime's own."""
        rows: dict[Key, ChannelReport] = {}
        for recorded in events:
            row = _report(recorded)
            if row is not None:
                rows[(row.company_id, row.conversation_id, row.event_id)] = row
        return {"channel_reports": rows}


def _report(recorded: RecordedEvent) -> ChannelReport | None:
    event, payload = recorded.event, recorded.event.payload
    if event.source == AGENT_RUNTIME:
        return None
    if isinstance(payload, MessageSent):
        if payload.by is not None:
            return None
        text = payload.text
    elif isinstance(payload, MessageStatus):
        text = None
    else:
        return None
    return ChannelReport(
        event.company_id,
        event.conversation_id,
        event.id,
        event.type.partition(".")[2],
        payload.message_id,
        payload.provider_message_id,
        text,
        event.occurred_at,
        recorded.recorded_at,
    )


PROJECTION = ChannelReports()
