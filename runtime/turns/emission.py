"""Makes this runtime's own events, ready for the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.catalogue import CATALOGUE
from events.envelope import Event
from events.payload import Payload
from events.sources import AGENT_RUNTIME
from runtime.ids import new_id


@dataclass(frozen=True, slots=True)
class Emitter:
    """What the events of one turn have in common. `at` is when they happened, aware."""

    company_id: str
    conversation_id: str
    correlation_id: str
    causation_id: UUID | None
    at: datetime

    def event(self, type_: str, payload: Payload) -> Event:
        """An event of the catalogue's current version, with a fresh time-ordered id."""
        return Event(
            new_id(),
            type_,
            CATALOGUE[type_].current,
            self.at,
            self.company_id,
            self.conversation_id,
            AGENT_RUNTIME,
            self.correlation_id,
            self.causation_id,
            payload,
        )
