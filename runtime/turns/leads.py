"""What a decision comes to for its conversation's lead: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import orjson

from events.catalogue import CATALOGUE
from events.catalogue.fields import Contact as WireContact
from events.catalogue.leads import LeadCreated, LeadFactRecorded
from events.envelope import Event
from runtime.agent.context import Fact
from runtime.agent.lead_identity import lead_id_for
from runtime.agent.qualification import LeadEvent, Scoring, Standing, lead_events, score
from runtime.turns.emission import Emitter
from runtime.turns.thought import Thought


@dataclass(frozen=True, slots=True)
class Lead:
    """The lead after a decision, and what is new of it."""

    lead_id: str
    thought: Thought
    facts: Sequence[Fact]
    scoring: Scoring
    due: Sequence[LeadEvent]

    def told(self, tell: Emitter) -> Iterator[Event]:
        """The events that tell what is new."""
        context = self.thought.context
        if self.thought.told is None:
            contact = WireContact(**asdict(context.contact))
            created = LeadCreated(lead_id=self.lead_id, contact=contact, channel=context.channel)
            yield tell.event("lead.created", created)
        for fact in self.facts:
            yield tell.event("lead.fact_recorded", _recorded(self.lead_id, fact))
        for event in self.due:
            model = CATALOGUE[event.type].model
            payload = model.model_validate(event.scoring.payload(self.lead_id))
            yield tell.event(event.type, payload)

    def kept(self) -> tuple[str, str, Standing]:
        """Its id, its scoring as JSON and where it stands: what the next turn is told of it."""
        known = self.thought.told
        stands = self.due[-1].scoring.standing if self.due else self.scoring.standing
        if known is not None and known.standing == "qualified" and stands == "open":
            stands = "qualified"
        return self.lead_id, orjson.dumps(self.scoring.payload(self.lead_id)).decode(), stands


def lead_of(thought: Thought, facts: Sequence[Fact]) -> Lead | None:
    """A conversation becomes a lead with the first fact, or the first criterion that is met."""
    context, known = thought.context, thought.told
    scoring = score(
        context.centurion.qualification,
        thought.facts(),
        thought.findings(),
        locale=context.company.locale,
    )
    if known is None and not facts and not any(c.met for c in scoring.criteria):
        return None
    lead_id = known.lead_id if known else lead_id_for(context.company.id, context.conversation_id)
    due = lead_events(
        known.scoring if known else None, scoring, standing=known.standing if known else None
    )
    return Lead(lead_id, thought, facts, scoring, due)


def _recorded(lead_id: str, fact: Fact) -> LeadFactRecorded:
    return LeadFactRecorded(
        lead_id=lead_id,
        name=fact.name,
        value=fact.value,
        evidence=fact.evidence,
        event_id=fact.event_id,
        confidence=fact.confidence,
        by=fact.by,
    )
