"""Who may speak in a conversation: what the agent asks before it works or sends.

`owner` is `bot`, `human` (a handoff was accepted, or a person wrote from the channel) or `closed`
(the contact was erased).

Two write these rows: the group, and commands that take effect at once (in their own transaction,
with the event that tells of it). So `load` locks what it loads, and events that this runtime
emitted are not applied again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.catalogue.messages import MessageSent
from events.catalogue.service import ContactErased, ContactOptedIn, ContactOptedOut, Handoff
from events.envelope import Event, RecordedEvent
from events.sources import AGENT_RUNTIME
from projections.conversations import MESSAGES_IN
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched

_RETURNED = frozenset({"handoff.completed", "handoff.expired", "handoff.failed"})


@dataclass(slots=True)
class Control:
    """A row of `agent.conversation_control`."""

    company_id: str
    conversation_id: str
    owner: str
    handoff_id: str | None
    opted_out: bool
    channel: str | None
    centurion_id: str | None
    contact: dict[str, Any] | None
    """As the channel last told it: id, name, phone, email."""
    last_inbound_at: datetime | None
    last_inbound_position: int | None


class ConversationControl:
    """The control rows `agent.conversation_control`."""

    name = "conversation_control"
    version = 1
    reads = MESSAGES_IN | {
        "message.sent",
        "handoff.accepted",
        *_RETURNED,
        "contact.opted_out",
        "contact.opted_in",
        "contact.erased",
    }
    tables = (
        Table("conversation_control", Control, key=2, json=frozenset({"contact"}), schema="agent"),
    )

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Every conversation that events of others belong to."""
        keys = {(r.event.company_id, r.event.conversation_id) for r in _others(events)}
        return {"conversation_control": keys}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Each event onto its conversation's row."""
        draft: Draft[Control] = Draft(state.get("conversation_control"))
        for recorded in _others(events):
            key = (recorded.event.company_id, recorded.event.conversation_id)
            row = draft.get(key) or draft.put(
                key, Control(*key, "bot", None, False, None, None, None, None, None)
            )
            _apply(row, recorded)
        return {"conversation_control": draft.changed}


def _others(events: Sequence[RecordedEvent]) -> Iterator[RecordedEvent]:
    """Those that this runtime did not emit."""
    return (recorded for recorded in events if recorded.event.source != AGENT_RUNTIME)


def _apply(row: Control, recorded: RecordedEvent) -> None:
    event, payload = recorded.event, recorded.event.payload
    # A type's name is asked for in a fraction of the time of a payload's class.
    if event.type in MESSAGES_IN:
        _received(row, event, payload, recorded.position)
        return
    match payload:
        case MessageSent(by="human") if row.owner != "closed":
            row.owner = "human"
        case Handoff():
            _hand_over(row, event.type, payload.handoff_id)
        case ContactOptedOut() | ContactOptedIn():
            row.opted_out = isinstance(payload, ContactOptedOut)
        case ContactErased():
            row.owner, row.handoff_id, row.contact = "closed", None, None


def _received(row: Control, event: Event, payload: Any, position: int) -> None:
    row.channel = payload.channel
    row.centurion_id = payload.centurion_id or row.centurion_id
    row.contact = payload.contact.model_dump(exclude_none=True)
    # What comes late, from a backlog, does not close the channel's window.
    row.last_inbound_at = max(row.last_inbound_at or event.occurred_at, event.occurred_at)
    row.last_inbound_position = position


def _hand_over(row: Control, type_: str, handoff_id: str) -> None:
    if row.owner == "closed":
        return
    if type_ == "handoff.accepted":
        row.owner, row.handoff_id = "human", handoff_id
    elif type_ in _RETURNED and row.handoff_id in {None, handoff_id}:
        row.owner, row.handoff_id = "bot", None


PROJECTION = ConversationControl()
