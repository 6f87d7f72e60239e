"""Conversations: who owns each, what was said last, and since when nobody has answered.

`owner` is `bot`, `human` or `closed` (the contact was erased). `status` is `waiting` (the last word
is the customer's), `answered`, `handoff_requested`, or `closed`. "Last" means last in stream order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.catalogue.messages import (
    MessageReceived,
    MessageReceivedMedia,
    MessageSent,
)
from events.catalogue.service import ContactErased, ContactOptedIn, ContactOptedOut, Handoff
from events.envelope import Event, RecordedEvent
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched

MESSAGES_IN = frozenset(
    f"message_received.{kind}"
    for kind in (
        *("text", "audio", "image", "document", "video"),
        *("location", "contact", "interactive", "unsupported"),
    )
)
"""The types that are messages of a customer, not enrichments of one."""

_RETURNED = frozenset({"handoff.completed", "handoff.expired", "handoff.failed"})


@dataclass(slots=True)
class Conversation:
    """A row of `conversations`."""

    company_id: str
    conversation_id: str
    owner: str
    status: str
    received_count: int
    sent_count: int
    last_message_text: str | None
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    unanswered_since: datetime | None
    first_seen_at: datetime
    channel: str | None
    contact_id: str | None
    contact_name: str | None
    centurion_id: str | None
    opted_out: bool
    handoff_id: str | None


class Conversations:
    """The read model `conversations`."""

    name = "conversations"
    version = 1
    reads = MESSAGES_IN | {
        "message.sent",
        "handoff.requested",
        "handoff.accepted",
        *_RETURNED,
        "contact.opted_out",
        "contact.opted_in",
        "contact.erased",
    }
    tables = (Table("conversations", Conversation, key=2, looks_first=True),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Every conversation that the events belong to."""
        return {
            "conversations": {
                (r.event.company_id, r.event.conversation_id)
                for r in events
                if r.event.conversation_id
            }
        }

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Events of a conversation, in stream order, onto its row."""
        draft: Draft[Conversation] = Draft(state.get("conversations"))
        changed = draft.changed
        for recorded in events:
            event = recorded.event
            if event.conversation_id:
                key = (event.company_id, event.conversation_id)
                # Most events are of a conversation that one before them was of.
                row = changed.get(key) or draft.get(key) or draft.put(key, _new(event))
                _apply(row, event)
        return {"conversations": changed}


def _new(event: Event) -> Conversation:
    return Conversation(
        event.company_id,
        event.conversation_id,
        owner="bot",
        status="answered",
        received_count=0,
        sent_count=0,
        last_message_text=None,
        last_message_at=None,
        last_inbound_at=None,
        last_outbound_at=None,
        unanswered_since=None,
        first_seen_at=event.occurred_at,
        channel=None,
        contact_id=None,
        contact_name=None,
        centurion_id=None,
        opted_out=False,
        handoff_id=None,
    )


def _apply(row: Conversation, event: Event) -> None:
    payload: Any = event.payload
    # A type's name is asked for in a fraction of the time of a payload's class.
    if event.type in MESSAGES_IN:
        _received(row, event.type, payload, event.occurred_at)
    elif event.type == "message.sent":
        _sent(row, payload, event.occurred_at)
    elif isinstance(payload, ContactErased):
        row.contact_id = row.contact_name = row.last_message_text = row.handoff_id = None
        row.unanswered_since = None
        row.owner = row.status = "closed"
    elif isinstance(payload, ContactOptedOut):
        row.opted_out = True
    elif isinstance(payload, ContactOptedIn):
        row.opted_out = False
    elif isinstance(payload, Handoff) and row.owner != "closed":
        _handed(row, event.type, payload)


def _handed(row: Conversation, type_: str, payload: Handoff) -> None:
    if type_ == "handoff.requested":
        row.status = "handoff_requested"
    elif type_ == "handoff.accepted":
        row.owner, row.handoff_id = "human", payload.handoff_id
        row.status = _said_last(row)
    elif row.handoff_id in (None, payload.handoff_id):
        # The end of another handoff does not take a conversation from the human who has it.
        row.owner, row.handoff_id = "bot", None
        row.status = _said_last(row)


def _said_last(row: Conversation) -> str:
    return "waiting" if row.unanswered_since is not None else "answered"


def _received(row: Conversation, type_: str, payload: Any, at: datetime) -> None:
    row.received_count += 1
    is_text = type_ == "message_received.text"
    row.last_message_text = payload.text if is_text else _caption(payload)
    row.last_message_at = row.last_inbound_at = at
    if row.unanswered_since is None:
        row.unanswered_since = at
    row.channel = payload.channel
    row.contact_id = payload.contact.id
    row.contact_name = payload.contact.name or row.contact_name
    row.centurion_id = payload.centurion_id or row.centurion_id
    if row.owner == "closed":
        row.owner = "bot"
    if row.status != "handoff_requested":
        row.status = "waiting"


def _caption(payload: MessageReceived) -> str | None:
    if isinstance(payload, MessageReceivedMedia):
        return payload.text if payload.text is not None else payload.media.caption
    return None


def _sent(row: Conversation, payload: MessageSent, at: datetime) -> None:
    row.sent_count += 1
    caption = payload.media.caption if payload.media is not None else None
    row.last_message_text = payload.text if payload.text is not None else caption
    row.last_message_at = row.last_outbound_at = at
    row.unanswered_since = None
    row.channel = payload.channel
    row.contact_id = payload.contact.id
    row.contact_name = payload.contact.name or row.contact_name
    if payload.by == "human":
        row.owner = "human"
    if row.status != "handoff_requested":
        row.status = "answered"


PROJECTION = Conversations()
