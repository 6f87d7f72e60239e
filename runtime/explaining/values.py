"""What an explanation is made of. Everything is in stream order; times are `occurred_at`, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from runtime.agent.reasons import MEANING, Reason


@dataclass(frozen=True, slots=True)
class Why:
    """A reason code, and what it means where it is one of ours."""

    code: str
    meaning: str | None = None


def why(code: str) -> Why:
    """The reason with its meaning; a code from elsewhere has none."""
    try:
        return Why(code, MEANING[Reason(code)])
    except ValueError:
        return Why(code)


@dataclass(frozen=True, slots=True)
class Call:
    """A model was asked. `why` says why it failed; None where it answered."""

    at: datetime
    purpose: str
    model: str | None
    tokens: int | None = None
    cost_usd: Decimal | None = None
    ms: int | None = None
    why: Why | None = None
    status: int | None = None
    retryable: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of the company's knowledge."""

    document_id: str
    version: int
    chunk: int
    score: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The company's knowledge was searched; `outcome` is retrieved, no_match or failed."""

    at: datetime
    outcome: str
    query: str
    mode: str
    hits: tuple[Found, ...]
    ms: int
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """A fact was recorded, with the words that say it."""

    at: datetime
    name: str
    value: Any
    evidence: str
    confidence: float
    by: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One criterion of a score."""

    key: str
    met: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Scoring:
    """The lead was measured; `step` is scored, qualified or disqualified."""

    at: datetime
    step: str
    score: float
    threshold: float
    criteria: tuple[Measure, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class HandoffStep:
    """A handoff was requested, accepted, completed, expired or failed."""

    at: datetime
    handoff_id: str
    step: str
    why: Why
    by: str
    to: str | None
    brief: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A message to the customer; `by` is bot, human, followup or None (not known).

    `status` is the highest of sent, unknown, failed, delivered and read.
    """

    at: datetime
    message_id: str
    text: str | None
    by: str | None
    status: str


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A reply, or the rest of one, that was not sent."""

    at: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Other:
    """Any other event: a follow-up, a wish of the contact, one that this build cannot read."""

    at: datetime
    type: str
    detail: str = ""


Step = Call | Retrieval | Learnt | Scoring | HandoffStep | Said | Unsaid | Other


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn and what happened in it. Without `outcome` its end is not in the log (yet)."""

    turn_id: str
    steps: tuple[Step, ...]
    at: datetime | None = None
    covers: tuple[UUID, ...] = ()
    outcome: str | None = None
    why: Why | None = None
    model: str | None = None
    tokens: int | None = None
    cost_usd: Decimal | None = None
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class InboxState:
    """What `agent.inbox` says of a message: closed with a reason, or claimed by a turn."""

    closed_at: datetime | None = None
    closed_reason: str | None = None
    turn_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message of the customer, and every turn that covers it.

    `heard` is what its media were transcribed or described as, or why they could not be.
    Without turns, `inbox` says why where it is known.
    """

    at: datetime
    event_id: UUID
    message_id: str
    kind: str
    text: str | None
    heard: str | None = None
    turns: tuple[Turn, ...] = ()
    inbox: InboxState | None = None

    @property
    def state(self) -> str:
        """`covered`, `closed`, `claimed` or `waiting`."""
        if self.turns:
            return "covered"
        if self.inbox is None:
            return "waiting"
        if self.inbox.closed_reason is not None:
            return "closed"
        return "claimed" if self.inbox.turn_id is not None else "waiting"


Entry = Inbound | Turn | Step
"""A `Turn` is an entry of its own only where it covers no message of the conversation."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A conversation from its first event to its last."""

    company_id: str
    conversation_id: str
    entries: tuple[Entry, ...]
