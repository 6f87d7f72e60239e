"""Leads: stage, facts with their evidence, and the score with the rules that gave it.

Stages: `new` → `contacted` (the first answer) → `qualified` or `disqualified`; `handed_off` when a
human takes the conversation. `qualified_at` is set once and never moves. A fact that a human
recorded is not replaced by one that a model or a rule found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.catalogue.leads import LeadCreated, LeadFactRecorded, LeadScoring
from events.catalogue.service import ContactErased
from events.envelope import Event, RecordedEvent
from projections.draft import Draft
from projections.projection import Changes, State, Table, Touched


@dataclass(slots=True)
class Lead:
    """A row of `leads`. `facts`: name → {value, evidence, event_id, confidence, by, at}."""

    company_id: str
    conversation_id: str
    lead_id: str
    stage: str
    score: float | None
    threshold: float | None
    facts: dict[str, dict[str, Any]]
    criteria: list[dict[str, Any]]
    rules_hash: str | None
    summary: str | None
    created_at: datetime | None
    qualified_at: datetime | None


_OF_OTHERS = frozenset({"message.sent", "handoff.accepted", "contact.erased"})
"""Types that make no lead."""


class Leads:
    """The read model `leads`."""

    name = "leads"
    version = 1
    reads = frozenset(
        {
            *("lead.created", "lead.fact_recorded"),
            *("lead.scored", "lead.qualified", "lead.disqualified"),
            *_OF_OTHERS,
        }
    )
    tables = (Table("leads", Lead, key=3, json=frozenset({"facts", "criteria"})),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """All leads of the conversations."""
        return {"leads": {(r.event.company_id, r.event.conversation_id) for r in events}}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Each event onto its lead, or onto all leads of its conversation."""
        draft: Draft[Lead] = Draft(state.get("leads"))
        by_conversation: dict[tuple[str, str], list[Any]] = {}
        for key in draft.loaded_keys():
            by_conversation.setdefault((key[0], key[1]), []).append(key)
        for recorded in events:
            event = recorded.event
            if event.type in _OF_OTHERS and not by_conversation:
                continue  # as most of a log's: they concern no lead
            keys = by_conversation.setdefault((event.company_id, event.conversation_id), [])
            _apply(draft, keys, event)
        return {"leads": draft.changed}


def _apply(draft: Draft[Lead], keys: list[Any], event: Event) -> None:
    payload = event.payload
    if isinstance(payload, LeadCreated | LeadFactRecorded | LeadScoring):
        key = (event.company_id, event.conversation_id, payload.lead_id)
        row = draft.get(key)
        if row is None:
            row = draft.put(key, Lead(*key, "new", None, None, {}, [], None, None, None, None))
            keys.append(key)
        _change(row, event)
        return
    for key in keys:
        found = draft.peek(key)
        if found is not None and _concerns(found, event):
            _follow(draft.get(key), event)


def _change(row: Lead, event: Event) -> None:
    payload = event.payload
    if isinstance(payload, LeadCreated):
        row.created_at = row.created_at or event.occurred_at
    elif isinstance(payload, LeadFactRecorded):
        _record(row, payload, event.occurred_at)
    elif isinstance(payload, LeadScoring):
        row.score, row.threshold = payload.score, payload.threshold
        row.criteria = [criterion.model_dump() for criterion in payload.criteria]
        row.rules_hash, row.summary = payload.rules_hash, payload.summary
        if event.type == "lead.qualified":
            row.qualified_at = row.qualified_at or event.occurred_at
        if event.type != "lead.scored" and row.stage != "handed_off":
            row.stage = event.type.partition(".")[2]


def _record(row: Lead, payload: LeadFactRecorded, at: datetime) -> None:
    known = row.facts.get(payload.name)
    if known is not None and known["by"] == "human" and payload.by != "human":
        return
    fact = {
        "value": payload.value,
        "evidence": payload.evidence,
        "event_id": str(payload.event_id),
        "confidence": payload.confidence,
        "by": payload.by,
        "at": at.isoformat(),
    }
    row.facts = {**row.facts, payload.name: fact}


def _concerns(row: Lead, event: Event) -> bool:
    return event.type != "message.sent" or row.stage == "new"


def _follow(row: Lead | None, event: Event) -> None:
    if row is None:
        return
    if event.type == "message.sent":
        row.stage = "contacted"
    elif event.type == "handoff.accepted":
        row.stage = "handed_off"
    elif isinstance(event.payload, ContactErased):
        row.facts, row.criteria, row.summary = {}, [], None


PROJECTION = Leads()
