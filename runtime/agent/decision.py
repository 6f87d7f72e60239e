"""What comes out of thinking about a turn, whoever thought: a model or the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from runtime.agent.context import Fact, TurnContext


@dataclass(frozen=True, slots=True)
class HandoffWish:
    """The conversation should go to a human. `reason` is one of `runtime.agent.reasons`."""

    reason: str
    brief: str
    """What the human should know, in the company's locale."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a model says of a criterion of type `llm`."""

    met: bool
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What the thinking cost; `cost_usd` is None where the model has no price."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to a decision, for `explain` and for who tries a centurion out."""

    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the answer rests on."""

    document_id: str
    version: int
    chunk: int
    quote: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do. With `silence` (a reason) nothing is said; a handoff may come with a reply."""

    by: Literal["llm", "rules"]
    reply: str | None = None
    facts: tuple[Fact, ...] = ()
    findings: Mapping[str, Finding] = field(default_factory=dict)
    """By the key of the criterion."""
    handoff: HandoffWish | None = None
    silence: str | None = None
    reason: str = "answered"
    """Why this reply: one of `runtime.agent.reasons`."""
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None
    steps: tuple[Step, ...] = ()


class Thinker(Protocol):
    """Who decides a turn. Must not write anything but its own model calls' accounts."""

    async def decide(self, context: TurnContext) -> Decision:
        """The decision.

        Raises:
            runtime.agent.errors.CannotThink: this thinker cannot; the next one is asked.
        """
