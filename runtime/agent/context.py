"""What a turn is decided from: a value, complete, with nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from runtime.companies.config import Centurion, Company


@dataclass(frozen=True, slots=True)
class Contact:
    """The person at the other end, as the channel knows them."""

    id: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of the burst. `text` is what was written, transcribed or described."""

    event_id: UUID
    message_id: str
    kind: str
    """The part of the event's type behind the dot: `text`, `audio`, `location`, …"""
    text: str | None
    occurred_at: datetime
    content: Mapping[str, Any] | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An earlier message of the conversation, of either side."""

    role: Literal["contact", "centurion", "human"]
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of the contact. `evidence` quotes the event `event_id`, word for word."""

    name: str
    value: Any
    evidence: str
    event_id: UUID
    confidence: float
    by: Literal["llm", "rules", "human"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the company's knowledge; higher scores are better, between 0 and 1."""

    document_id: str
    version: int
    chunk: int
    title: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class TurnContext:
    """Everything that a decision is made from.

    `burst` and `history` are in stream order; `history` ends where the burst begins. `now` is in the
    company's time zone. `passages` are above the gate, best first.
    """

    turn_id: UUID
    company: Company
    centurion: Centurion
    conversation_id: str
    channel: str
    contact: Contact
    burst: tuple[Inbound, ...]
    now: datetime
    history: tuple[Line, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    failures: int = 0
    """Turns in a row that ended without an answer."""

    @property
    def question(self) -> str:
        """The burst's words, one message a line."""
        return "\n".join(message.text for message in self.burst if message.text)
