"""From a conversation's events, and what the inbox says of them, to its explanation: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from events.catalogue.messages import (
    MessageReceived,
    MessageReceivedContent,
    MessageReceivedDescribed,
    MessageReceivedEnrichmentFailed,
    MessageReceivedMedia,
    MessageReceivedText,
    MessageReceivedTranscribed,
    MessageSent,
    MessageStatus,
)
from events.catalogue.turns import TurnCompleted
from events.envelope import Event, RecordedEvent
from runtime.explaining.attribution import Attribution
from runtime.explaining.steps import step_of
from runtime.explaining.values import Entry, Explanation, Inbound, InboxState, Step, Turn, why

_RANK = {"sent": 0, "unknown": 1, "failed": 2, "delivered": 3, "read": 4}
_ENRICHMENTS = (
    MessageReceivedTranscribed,
    MessageReceivedDescribed,
    MessageReceivedEnrichmentFailed,
)


def explain(
    events: Sequence[RecordedEvent], inbox: Mapping[UUID, InboxState] | None = None
) -> Explanation:
    """What became of each message, and why. `events`: all of one conversation, in stream order.

    `inbox` is what `agent.inbox` says, by the inbound event's id.

    Raises:
        ValueError: there are no events.
    """
    if not events:
        raise ValueError("no events")
    first = events[0].event
    fold = _Fold(events, inbox or {})
    return Explanation(first.company_id, first.conversation_id, tuple(fold.entries()))


class _Fold:
    def __init__(self, events: Sequence[RecordedEvent], inbox: Mapping[UUID, InboxState]) -> None:
        self._events = events
        self._inbox = inbox
        self._statuses = _statuses(events)
        self._heard = _heard(events)
        attribution = Attribution(events)
        self._turn_of = [attribution.turn_of(i, recorded) for i, recorded in enumerate(events)]
        self._turns = self._all_turns()
        self._covering: dict[UUID, list[Turn]] = {}
        received = {r.event.id for r in events if isinstance(r.event.payload, MessageReceived)}
        for turn in self._turns.values():
            for event_id in turn.covers:
                if event_id in received:
                    self._covering.setdefault(event_id, []).append(turn)

    def entries(self) -> list[Entry]:
        """Messages with their turns, and between them what no turn did."""
        shown = {turn.turn_id for turns in self._covering.values() for turn in turns}
        found: list[Entry] = []
        for turn_id, recorded in zip(self._turn_of, self._events, strict=True):
            event = recorded.event
            if isinstance(event.payload, MessageReceived):
                found.append(self._inbound(event, event.payload))
            elif turn_id is None and not isinstance(event.payload, (*_ENRICHMENTS, MessageStatus)):
                found.append(self._step(event))
            elif turn_id is not None and turn_id not in shown:
                shown.add(turn_id)
                found.append(self._turns[turn_id])
        return found

    def _all_turns(self) -> dict[str, Turn]:
        """By id, in the order of their ends; those without one last."""
        steps: dict[str, list[Step]] = {}
        covers: dict[str, list[UUID]] = {}
        ends: dict[str, Event] = {}
        for turn_id, recorded in zip(self._turn_of, self._events, strict=True):
            if turn_id is None:
                continue
            done = steps.setdefault(turn_id, [])
            covers.setdefault(turn_id, []).extend(getattr(recorded.event.payload, "covers", ()))
            if isinstance(recorded.event.payload, TurnCompleted):
                ends[turn_id] = recorded.event
            else:
                done.append(self._step(recorded.event))
        order = [*ends, *(turn_id for turn_id in steps if turn_id not in ends)]
        return {
            turn_id: _turn(turn_id, tuple(steps[turn_id]), covers[turn_id], ends.get(turn_id))
            for turn_id in order
        }

    def _step(self, event: Event) -> Step:
        payload = event.payload
        known = ["sent"]
        if isinstance(payload, MessageSent):
            for reference in _references(payload):
                known += self._statuses.get(reference, [])
        return step_of(event, status=max(known, key=lambda status: _RANK[status]))

    def _inbound(self, event: Event, payload: MessageReceived) -> Inbound:
        return Inbound(
            event.occurred_at,
            event.id,
            payload.message_id,
            event.type.partition(".")[2],
            text_of(payload),
            self._heard.get(payload.message_id),
            tuple(self._covering.get(event.id, ())),
            self._inbox.get(event.id),
        )


def _turn(turn_id: str, steps: tuple[Step, ...], covers: list[UUID], end: Event | None) -> Turn:
    unique = tuple(dict.fromkeys(covers))
    if end is None or not isinstance(end.payload, TurnCompleted):
        return Turn(turn_id, steps, covers=unique)
    payload = end.payload
    return Turn(
        turn_id,
        steps,
        at=end.occurred_at,
        covers=unique,
        outcome=payload.outcome,
        why=why(payload.reason),
        model=payload.model,
        tokens=payload.tokens.total if payload.tokens is not None else None,
        cost_usd=payload.cost,
        ms=payload.ms,
    )


def text_of(payload: MessageReceived) -> str | None:
    """What the customer wrote, or the content as one line; None where there is no text."""
    match payload:
        case MessageReceivedText(text=text):
            return text
        case MessageReceivedMedia(text=text, media=media):
            return text or media.caption
        case MessageReceivedContent(content=content):
            return ", ".join(f"{key}: {_short(value)}" for key, value in content.items())
    return None


def _short(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _references(payload: MessageSent | MessageStatus) -> list[str]:
    """The names that a message goes by: our id and the provider's, kept apart."""
    names = {"m": payload.message_id, "p": payload.provider_message_id}
    return [f"{kind}:{name}" for kind, name in names.items() if name is not None]


def _statuses(events: Sequence[RecordedEvent]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for recorded in events:
        if isinstance(recorded.event.payload, MessageStatus):
            status = recorded.event.type.partition(".")[2]
            for reference in _references(recorded.event.payload):
                found.setdefault(reference, []).append(status)
    return found


def _heard(events: Sequence[RecordedEvent]) -> dict[str, str]:
    """By message_id; the last word counts."""
    found: dict[str, str] = {}
    for recorded in events:
        match recorded.event.payload:
            case MessageReceivedTranscribed() as payload:
                found[payload.message_id] = f'transcribed: "{payload.text}"'
            case MessageReceivedDescribed() as payload:
                found[payload.message_id] = f'described: "{payload.text}"'
            case MessageReceivedEnrichmentFailed() as payload:
                found[payload.message_id] = f"not understood: {payload.reason}, {payload.detail}"
    return found
