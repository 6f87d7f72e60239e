"""The agent's inbox: every message of a customer, one row each, for the turns to close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.catalogue.messages import MessageReceived
from events.envelope import RecordedEvent
from projections.conversations import MESSAGES_IN
from projections.projection import Changes, Key, State, Table, Touched


@dataclass(slots=True)
class InboxMessage:
    """A row of `agent.inbox`. `position` is the group's: it orders a conversation's messages."""

    company_id: str
    conversation_id: str
    event_id: UUID
    partition: int
    position: int
    message_id: str
    kind: str
    channel: str
    centurion_id: str | None
    occurred_at: datetime


class Inbox:
    """The work queue `agent.inbox`."""

    name = "inbox"
    version = 1
    reads = MESSAGES_IN
    tables = (Table("inbox", InboxMessage, key=3, schema="agent"),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Nothing: rows are only added."""
        return {}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """One row an inbound message."""
        rows: dict[Key, InboxMessage] = {}
        for recorded in events:
            event, payload = recorded.event, recorded.event.payload
            if isinstance(payload, MessageReceived):
                key = (event.company_id, event.conversation_id, event.id)
                rows[key] = InboxMessage(
                    *key,
                    partition=recorded.partition,
                    position=recorded.position,
                    message_id=payload.message_id,
                    kind=event.type.partition(".")[2],
                    channel=payload.channel,
                    centurion_id=payload.centurion_id,
                    occurred_at=event.occurred_at,
                )
        return {"inbox": rows}


PROJECTION = Inbox()
