"""The agent's inbox: every message of a customer, one row each, and the bursts that wait for a turn.

A burst is what a conversation has that no turn has closed yet. The group opens and lengthens it;
a turn that closes it up to a position deletes its row, or leaves the rest. So `load` locks bursts.
What a media message says comes later, by an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from events.catalogue.messages import (
    MessageReceived,
    MessageReceivedContent,
    MessageReceivedDescribed,
    MessageReceivedMedia,
    MessageReceivedTranscribed,
)
from events.catalogue.service import ContactErased
from events.envelope import RecordedEvent
from projections.conversations import MESSAGES_IN
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched

MOST_MS = 3000
"""How long before the database's reading of it a message may count as received, in milliseconds."""
_ENRICHED = frozenset({"message_received.transcribed", "message_received.described"})


@dataclass(slots=True)
class InboxMessage:
    """A row of `agent.inbox`. `position` is the group's: it orders a conversation's messages.

    `received_at` is when its stream took it; see `_received_at`. `content` is the media of a media
    message, the content of a structured one.
    """

    company_id: str
    conversation_id: str
    event_id: UUID
    partition: int
    position: int
    message_id: str
    kind: str
    channel: str
    centurion_id: str | None
    correlation_id: str
    text: str | None
    content: dict[str, Any] | None
    occurred_at: datetime
    received_at: datetime


@dataclass(slots=True)
class Burst:
    """A row of `agent.bursts`: open messages of a conversation, from the first to the last one."""

    company_id: str
    conversation_id: str
    centurion_id: str | None
    first_received_at: datetime
    last_received_at: datetime
    first_position: int
    last_position: int


class Inbox:
    """The work queue `agent.inbox`, and `agent.bursts` that says where work waits."""

    name = "inbox"
    version = 1
    reads = MESSAGES_IN | _ENRICHED | {"contact.erased"}
    tables = (
        Table("inbox", InboxMessage, key=3, json=frozenset({"content"}), schema="agent"),
        Table("bursts", Burst, key=2, schema="agent"),
    )

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Bursts of who wrote; all messages of conversations whose messages change."""
        wrote = {_key(r) for r in events if r.event.type in MESSAGES_IN}
        changes = {_key(r) for r in events if r.event.type not in MESSAGES_IN}
        return {"inbox": changes, "bursts": wrote}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """One row an inbound message; its burst lengthened."""
        inbox: Draft[InboxMessage] = Draft(state.get("inbox"))
        bursts: Draft[Burst] = Draft(state.get("bursts"))
        for recorded in events:
            # A type's name is asked for in a fraction of the time of a payload's class.
            if recorded.event.type in MESSAGES_IN:
                row = _message(recorded, recorded.event.payload)
                inbox.put((*_key(recorded), row.event_id), row)
                _lengthen(bursts, row)
            else:
                _change(inbox, recorded)
        return {"inbox": inbox.changed, "bursts": bursts.changed}


def _key(recorded: RecordedEvent) -> tuple[str, str]:
    return recorded.event.company_id, recorded.event.conversation_id


def _message(recorded: RecordedEvent, payload: Any) -> InboxMessage:
    event = recorded.event
    is_text = event.type == "message_received.text"
    return InboxMessage(
        event.company_id,
        event.conversation_id,
        event.id,
        partition=recorded.partition,
        position=recorded.position,
        message_id=payload.message_id,
        kind=event.type.partition(".")[2],
        channel=payload.channel,
        centurion_id=payload.centurion_id,
        correlation_id=event.correlation_id,
        text=payload.text if is_text else _caption(payload),
        content=None if is_text else _content(payload),
        occurred_at=event.occurred_at,
        received_at=_received_at(recorded),
    )


def _received_at(recorded: RecordedEvent) -> datetime:
    """When the stream took it, so that reading it takes nothing from the time to answer.

    By the entry's id, which is another server's clock: so it is believed within bounds alone. Where a
    group is behind, what the customer wrote further supersedes a turn that began too early.
    """
    read_at = recorded.recorded_at
    read_ms = read_at.timestamp() * 1000
    return read_at - timedelta(milliseconds=min(max(0.0, read_ms - recorded.entry_id.ms), MOST_MS))


def _caption(payload: MessageReceived) -> str | None:
    if isinstance(payload, MessageReceivedMedia):
        return payload.text if payload.text is not None else payload.media.caption
    return None


def _content(payload: MessageReceived) -> dict[str, Any] | None:
    if isinstance(payload, MessageReceivedMedia):
        return payload.media.model_dump(exclude_none=True)
    return payload.content if isinstance(payload, MessageReceivedContent) else None


def _lengthen(bursts: Draft[Burst], message: InboxMessage) -> None:
    key = (message.company_id, message.conversation_id)
    at = message.received_at
    row = bursts.get(key) or bursts.put(
        key, Burst(*key, message.centurion_id, at, at, message.position, message.position)
    )
    row.centurion_id = message.centurion_id or row.centurion_id
    row.last_received_at, row.last_position = at, message.position


def _change(inbox: Draft[InboxMessage], recorded: RecordedEvent) -> None:
    payload = recorded.event.payload
    for key in inbox.loaded_keys():
        if key[:2] != _key(recorded):
            continue
        if isinstance(payload, ContactErased):
            row = inbox.get(key)
            if row is not None:
                row.text = row.content = None
        elif isinstance(payload, MessageReceivedTranscribed | MessageReceivedDescribed):
            found = inbox.peek(key)
            row = inbox.get(key) if found and found.message_id == payload.message_id else None
            if row is not None:
                row.text = f"{row.text}\n{payload.text}" if row.text else payload.text


PROJECTION = Inbox()
