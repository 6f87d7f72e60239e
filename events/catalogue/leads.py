"""Leads: what is known of a prospect, and how far they have come."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from events.catalogue.fields import Contact, EventId, Identifier, Name, Score
from events.payload import Payload


class LeadCreated(Payload):
    """A conversation became a lead."""

    lead_id: Identifier
    contact: Contact
    channel: Name | None = None
    source: str | None = None


class LeadFactRecorded(Payload):
    """Something is known; `evidence` quotes the event `event_id`."""

    lead_id: Identifier
    name: Name
    value: Any
    evidence: str
    event_id: EventId
    confidence: Score
    by: Literal["llm", "rules", "human"]


class Criterion(Payload):
    """One rule of a qualification and whether it is met."""

    key: Name
    met: bool
    weight: float = Field(ge=0)
    required: bool
    evidence: str | None = None


class LeadScoring(Payload):
    """A lead measured against the rules that `rules_hash` names; score = met / total weight."""

    lead_id: Identifier
    score: Score
    threshold: Score
    rules_hash: Name
    criteria: list[Criterion]
    summary: str


class LeadScored(LeadScoring):
    """The score was computed."""


class LeadQualified(LeadScoring):
    """Every required criterion is met and the score reaches the threshold."""


class LeadDisqualified(LeadScoring):
    """The lead does not fit."""
