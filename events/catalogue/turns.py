"""Turns of the agent, its model calls, its retrieval and its memory."""

from __future__ import annotations

from typing import Literal

from events.catalogue.fields import (
    Cost,
    Count,
    EventId,
    Identifier,
    Milliseconds,
    Name,
    Time,
    Tokens,
)
from events.payload import Payload


class TurnCompleted(Payload):
    """A turn ended; `covers` names every inbound event that its prompt contained."""

    turn_id: Identifier
    covers: list[EventId]
    outcome: Literal["replied", "silent", "handed_off", "failed", "superseded", "unknown"]
    reason: Name
    ms: Milliseconds
    model: Name | None = None
    tokens: Tokens | None = None
    cost: Cost | None = None


class OpenaiCallCompleted(Payload):
    """A model answered."""

    purpose: Name
    model: Name
    credential_set_id: Identifier
    tokens: Tokens
    ms: Milliseconds
    cost: Cost | None = None


class OpenaiCallFailed(Payload):
    """A model did not answer."""

    purpose: Name
    reason: Name
    retryable: bool
    model: Name | None = None
    credential_set_id: Identifier | None = None
    status: int | None = None
    ms: Milliseconds | None = None


class Hit(Payload):
    """A passage that was found. Higher scores are better."""

    document_id: Identifier
    chunk: Count
    score: float
    version: Count


class RagQuery(Payload):
    """What every retrieval has; `hits` best first."""

    turn_id: Identifier
    query: str
    hits: list[Hit]
    mode: Literal["hybrid", "keyword"]
    duration_ms: Milliseconds


class RagRetrieved(RagQuery):
    """Passages above the gate were found."""


class RagNoMatch(RagQuery):
    """Nothing above the gate was found: a knowledge gap."""


class RagFailed(RagQuery):
    """The retrieval itself failed."""

    reason: Name | None = None


class RagDocumentIndexed(Payload):
    """A document's chunks can be found from now on."""

    document_id: Identifier
    chunks: Count
    version: Count
    model: Name | None = None


class RagDocumentRemoved(Payload):
    """A document's chunks can no longer be found."""

    document_id: Identifier
    chunks: Count
    version: Count
    model: Name | None = None


class MemoryUpdated(Payload):
    """What the agent remembers of a contact changed; facts by name."""

    kept: list[str]
    dropped: list[str]
    counts: dict[str, int]


class MemoryCleaned(Payload):
    """Retention was applied; `message_ids` are archived."""

    scope: Literal["messages", "facts", "inbox"]
    before: Time
    message_ids: list[Identifier]
    counts: dict[str, int]
