"""What a turn's thinking came to, and what of it is new: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runtime.agent.context import Fact, TurnContext
from runtime.agent.decision import Decision, Finding
from runtime.agent.qualification import Scoring, Standing
from runtime.agent.reasons import Reason

Outcome = Literal["replied", "silent", "handed_off"]


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told of the conversation's lead."""

    lead_id: str
    scoring: Scoring
    standing: Standing


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The search in the company's knowledge, and why it failed if it did."""

    query: str
    ms: int
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Thought:
    """A decision with what it was made from."""

    context: TurnContext
    decision: Decision
    told: Told | None
    retrieval: Retrieval | None
    handoff_is_open: bool
    """A human was asked for already and has not come yet."""

    @property
    def outcome(self) -> Outcome:
        """What the turn comes to when everything it says goes out."""
        if self.decision.handoff is not None:
            return "handed_off"
        return "replied" if self.decision.reply else "silent"

    @property
    def reason(self) -> str:
        """The reason code of that outcome."""
        decision = self.decision
        if decision.handoff is not None:
            return decision.handoff.reason
        if decision.reply:
            return decision.reason
        return decision.silence or Reason.MODEL_CHOSE_SILENCE

    def new_facts(self) -> tuple[Fact, ...]:
        """Facts that say something else than what is known; a human's word stands."""
        newest = {fact.name: fact for fact in self.decision.facts}
        known = self.context.facts
        return tuple(
            fact
            for name, fact in newest.items()
            if name not in known or (known[name].by != "human" and known[name].value != fact.value)
        )

    def facts(self) -> dict[str, Fact]:
        """Everything known afterwards, by name."""
        return {**self.context.facts, **{fact.name: fact for fact in self.new_facts()}}

    def findings(self) -> dict[str, Finding]:
        """What models have found of criteria so far; one that says nothing changes nothing."""
        found = {
            criterion.key: Finding(criterion.met, criterion.evidence)
            for criterion in (self.told.scoring.criteria if self.told else ())
        }
        new = self.decision.findings.items()
        return found | {key: f for key, f in new if f.met or f.evidence or key not in found}
