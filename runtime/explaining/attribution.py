"""Which turn an event belongs to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from events.catalogue.leads import LeadCreated, LeadFactRecorded, LeadScoring
from events.catalogue.service import HandoffRequested
from events.catalogue.turns import OpenaiCallCompleted, OpenaiCallFailed, TurnCompleted
from events.envelope import RecordedEvent

_OF_SOME_TURN = (
    OpenaiCallCompleted,
    OpenaiCallFailed,
    LeadCreated,
    LeadFactRecorded,
    LeadScoring,
    HandoffRequested,
)
"""Payloads that name no turn although a turn may have caused them."""


class Attribution:
    """Finds the turn of each of a conversation's events, given all of them in stream order.

    An event's own `turn_id` counts first. One that has none belongs to the turn that its
    causation_id or correlation_id names, else to the next turn to end that shares its
    correlation_id, else to the last before it that does; a fact also to the turn that covers the
    message it quotes.
    """

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        self._turns: set[str] = set()
        self._ends: dict[str, list[tuple[int, str]]] = {}
        self._covering: dict[str, str] = {}
        for index, recorded in enumerate(events):
            payload = recorded.event.payload
            if (turn_id := getattr(payload, "turn_id", None)) is not None:
                self._turns.add(turn_id)
            if isinstance(payload, TurnCompleted):
                ends = self._ends.setdefault(recorded.event.correlation_id, [])
                ends.append((index, payload.turn_id))
                for event_id in payload.covers:
                    self._covering.setdefault(str(event_id), payload.turn_id)

    def turn_of(self, index: int, recorded: RecordedEvent) -> str | None:
        """The turn's id; None for what no turn did."""
        event = recorded.event
        turn_id: str | None = getattr(event.payload, "turn_id", None)
        if turn_id is not None:
            return turn_id
        if not isinstance(event.payload, _OF_SOME_TURN):
            return None
        for named in (str(event.causation_id), event.correlation_id):
            if named in self._turns:
                return named
        if ends := self._ends.get(event.correlation_id):
            next_end = bisect_left(ends, (index, ""))
            return ends[min(next_end, len(ends) - 1)][1]
        if isinstance(event.payload, LeadFactRecorded):
            return self._covering.get(str(event.payload.event_id))
        return None
