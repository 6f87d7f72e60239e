"""Messages: the transcript, with what became of each outbound message.

An inbound message's status is `received`. An outbound one only ever rises: `sent`, `unknown`,
`failed`, `delivered`, `read`. A status may come before its `message.sent` and may name the message
by the provider's id; it is kept in `message_statuses` under `m:<message_id>` or
`p:<provider_message_id>` and merged when the message comes, and the other way round.

An erased message has no media, and one without media takes no transcript: what comes late does not
bring the contact's words back.

A message id that comes again in another event keeps its first row. `position` is the place in the
partition's log: the order of the transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.catalogue.messages import (
    MessageReceived,
    MessageReceivedDescribed,
    MessageReceivedMedia,
    MessageReceivedTranscribed,
    MessageSent,
    MessageStatus,
)
from events.catalogue.service import ContactErased
from events.catalogue.turns import MemoryCleaned
from events.envelope import Event, RecordedEvent
from projections.conversations import MESSAGES_IN
from projections.draft import Draft
from projections.projection import Changes, Key, Rows, State, Table, Touched

_STATUSES = {
    "message.unknown": "unknown",
    "message.failed": "failed",
    "message.delivered": "delivered",
    "message.read": "read",
}
_RANK = {"sent": 0, "unknown": 1, "failed": 2, "delivered": 3, "read": 4}
_KINDS = {type_: type_.partition(".")[2] for type_ in MESSAGES_IN}
_ALL = ""
_Message = tuple[str, str, str]
"""Company, conversation, and a message's id or reference."""


@dataclass(slots=True)
class Message:
    """A row of `messages`."""

    company_id: str
    conversation_id: str
    message_id: str
    event_id: UUID
    direction: str
    kind: str
    text: str | None
    status: str
    occurred_at: datetime
    position: int
    sent_by: str | None
    transcript: str | None
    media: dict[str, Any] | None
    provider_message_id: str | None
    archived: bool


@dataclass(slots=True)
class KnownStatus:
    """A row of `message_statuses`: the highest status that came under a reference."""

    company_id: str
    conversation_id: str
    reference: str
    status: str


class Transcripts(Draft[Message]):
    """Messages, found by their conversation too.

    A batch holds thousands of conversations, and each status by a provider's id asks for one.
    """

    __slots__ = ("_by_conversation",)

    def __init__(self, loaded: Rows | None) -> None:
        super().__init__(loaded)
        self._by_conversation: dict[tuple[str, str], list[Key]] | None = None

    def put(self, key: Key, row: Message) -> Message:
        """Add a row."""
        if self._by_conversation is not None:
            self._by_conversation.setdefault((key[0], key[1]), []).append(key)
        self.changed[key] = row
        return row

    def of(self, scope: tuple[str, str]) -> Sequence[Key]:
        """The keys of a conversation's messages."""
        if self._by_conversation is None:
            self._by_conversation = {}
            for key in self.loaded_keys():
                self._by_conversation.setdefault((key[0], key[1]), []).append(key)
        return self._by_conversation.get(scope, ())


class Statuses(Draft[KnownStatus]):
    """Statuses by their references. Of most batches there are none, and a reference need not be made."""

    __slots__ = ()

    def are_any(self) -> bool:
        """Whether one is known."""
        return bool(self.changed or self._loaded)


class Messages:
    """The read model `messages`."""

    name = "messages"
    version = 1
    reads = MESSAGES_IN | {
        "message_received.transcribed",
        "message_received.described",
        "message.sent",
        *_STATUSES,
        "memory.cleaned",
        "contact.erased",
    }
    tables = (
        Table("messages", Message, key=3, json=frozenset({"media"}), looks_first=True),
        Table("message_statuses", KnownStatus, key=3, looks_first=True),
    )

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """The messages named; all of a conversation where a status or an erasure needs them."""
        touched = self.touch_known(events)
        touched["messages"].update(
            (event.company_id, event.conversation_id, event.payload.message_id)
            for event, *_ in events
            if isinstance(event.payload, MessageReceived | MessageSent)
        )
        return touched

    def touch_known(self, events: Sequence[RecordedEvent]) -> dict[str, set[_Message]]:
        """As `touch`, without the messages that the events themselves bring."""
        messages: set[_Message] = set()
        statuses: set[_Message] = set()
        for recorded in events:
            event = recorded.event
            # A type's name is asked for in a fraction of the time of a payload's class.
            type_: str = event.type
            if type_ in _KINDS:
                continue
            payload: Any = event.payload
            company, conversation = event.company_id, event.conversation_id
            if type_ == "message.sent":
                statuses.update((company, conversation, r) for r in _references(payload))
            elif isinstance(payload, MemoryCleaned):
                messages.update((company, conversation, m) for m in payload.message_ids)
            elif isinstance(payload, ContactErased):
                messages.add((company, conversation, _ALL))
            else:
                message_id = getattr(payload, "message_id", None)
                messages.add((company, conversation, _ALL if message_id is None else message_id))
                if isinstance(payload, MessageStatus):
                    statuses.update((company, conversation, r) for r in _references(payload))
        return {"messages": messages, "message_statuses": statuses}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Events of a conversation, in stream order, onto its messages."""
        messages = Transcripts(state.get("messages"))
        statuses = Statuses(state.get("message_statuses"))
        for recorded in events:
            _apply(messages, statuses, recorded)
        return {"messages": messages.changed, "message_statuses": statuses.changed}


def _references(payload: MessageSent | MessageStatus) -> list[str]:
    named = []
    if payload.message_id is not None:
        named.append(f"m:{payload.message_id}")
    if payload.provider_message_id is not None:
        named.append(f"p:{payload.provider_message_id}")
    return named


def _apply(messages: Transcripts, statuses: Statuses, recorded: RecordedEvent) -> None:
    event = recorded.event
    type_: str = event.type
    # A type's name is asked for in a fraction of the time of a payload's class.
    if type_ in _KINDS:
        _received(messages, recorded, event, event.payload)
        return
    if type_ == "message.sent":
        _sent(messages, statuses, recorded, event.payload)
        return
    payload, scope = event.payload, (event.company_id, event.conversation_id)
    if isinstance(payload, MessageStatus):
        _status(messages, statuses, event, payload)
    elif isinstance(payload, MessageReceivedTranscribed | MessageReceivedDescribed):
        row = messages.get((*scope, payload.message_id))
        if row is not None and row.media is not None:
            row.transcript = payload.text
    elif isinstance(payload, MemoryCleaned):
        for message_id in payload.message_ids if payload.scope == "messages" else ():
            if (row := messages.get((*scope, message_id))) is not None:
                row.archived = True
    elif isinstance(payload, ContactErased):
        for key in messages.of(scope):
            if (row := messages.get(key)) is not None:
                row.text = row.transcript = row.media = None


def _received(messages: Transcripts, recorded: RecordedEvent, event: Event, payload: Any) -> None:
    company, conversation, message_id = event.company_id, event.conversation_id, payload.message_id
    key = (company, conversation, message_id)
    if messages.peek(key) is not None:
        return
    text: str | None = None
    media: dict[str, Any] | None = None
    if event.type == "message_received.text":
        text = payload.text
    elif isinstance(payload, MessageReceivedMedia):
        text = payload.text if payload.text is not None else payload.media.caption
        media = payload.media.model_dump(exclude_none=True)
    # By their places: names would cost as much again.
    row = Message(
        company,
        conversation,
        message_id,
        event.id,
        "in",
        _KINDS[event.type],
        text,
        "received",
        event.occurred_at,
        recorded.position,
        None,
        None,
        media,
        None,
        False,
    )
    messages.put(key, row)


def _sent(messages: Transcripts, statuses: Statuses, recorded: RecordedEvent, payload: Any) -> None:
    event = recorded.event
    company, conversation, message_id = event.company_id, event.conversation_id, payload.message_id
    key = (company, conversation, message_id)
    if messages.peek(key) is not None:
        return
    text, media, kind = payload.text, None, "text"
    if payload.media is not None:
        text = text if text is not None else payload.media.caption
        media = payload.media.model_dump(exclude_none=True)
        kind = "media" if media else kind
    row = Message(
        company,
        conversation,
        message_id,
        event.id,
        "out",
        kind,
        text,
        "sent",
        event.occurred_at,
        recorded.position,
        payload.by,
        None,
        media,
        payload.provider_message_id,
        False,
    )
    messages.put(key, row)
    if statuses.are_any():
        for reference in _references(payload):
            if (known := statuses.get((company, conversation, reference))) is not None:
                _raise_to(row, known.status)


def _status(
    messages: Transcripts,
    statuses: Statuses,
    event: Event,
    payload: MessageStatus,
) -> None:
    scope = (event.company_id, event.conversation_id)
    status = _STATUSES[event.type]
    for reference in _references(payload):
        known = statuses.get((*scope, reference))
        if known is None:
            statuses.put((*scope, reference), KnownStatus(*scope, reference, status))
        elif _RANK[status] > _RANK[known.status]:
            known.status = status
    for row in _named(messages, scope, payload):
        _raise_to(row, status)


def _named(messages: Transcripts, scope: tuple[str, str], payload: MessageStatus) -> list[Message]:
    if payload.message_id is not None:
        row = messages.get((*scope, payload.message_id))
        return [row] if row is not None else []
    named = []
    for key in messages.of(scope):
        found = messages.peek(key)
        if found is not None and found.provider_message_id == payload.provider_message_id:
            named.append(messages.get(key))
    return [row for row in named if row is not None]


def _raise_to(row: Message, status: str) -> None:
    if row.direction == "out" and _RANK[status] > _RANK[row.status]:
        row.status = status


PROJECTION = Messages()
