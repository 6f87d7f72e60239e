"""How far a lead has come, measured against a centurion's rules. Pure: the same in, the same out.

A `field_present` criterion is met when a fact of that name (or an alias of it) is known; an `llm`
criterion when a model found it met. Score = weight of the met criteria / weight of all, in exact
decimal arithmetic, so that 0.3 + 0.4 of 1.0 reaches a threshold of 0.7.

A lead is disqualified only by what somebody said: a required criterion of type `llm` that was found
not met **with evidence**. A fact that is missing, or a finding without a quote, never disqualifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Self

from runtime.agent import phrases
from runtime.agent.context import Fact
from runtime.agent.decision import Finding
from runtime.agent.fact_names import canonical, known_facts
from runtime.companies.config import Criterion, Qualification

Standing = Literal["open", "qualified", "disqualified"]
LeadEventType = Literal["lead.scored", "lead.qualified", "lead.disqualified"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One criterion and whether it is met. Not met with evidence: a model found it refuted."""

    key: str
    met: bool
    weight: float
    required: bool
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Scoring:
    """A lead measured once. `score` and `threshold` lie between 0 and 1."""

    score: float
    threshold: float
    rules_hash: str
    criteria: tuple[Measured, ...]
    summary: str
    """For the people who take the lead over, in the company's locale."""

    @property
    def qualified(self) -> bool:
        """Every required criterion is met and the score reaches the threshold."""
        return self.score >= self.threshold and all(c.met for c in self.criteria if c.required)

    @property
    def disqualified(self) -> bool:
        """A required criterion was refuted by what the customer said."""
        return any(c.required and not c.met and c.evidence for c in self.criteria)

    @property
    def standing(self) -> Standing:
        """What this scoring says of the lead."""
        if self.disqualified:
            return "disqualified"
        return "qualified" if self.qualified else "open"

    def payload(self, lead_id: str) -> dict[str, Any]:
        """The payload of `lead.scored`, `lead.qualified` and `lead.disqualified`."""
        return {
            "lead_id": lead_id,
            "score": self.score,
            "threshold": self.threshold,
            "rules_hash": self.rules_hash,
            "criteria": [
                {
                    "key": c.key,
                    "met": c.met,
                    "weight": c.weight,
                    "required": c.required,
                    "evidence": c.evidence,
                }
                for c in self.criteria
            ],
            "summary": self.summary,
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """The scoring that a payload, or a row of `leads`, holds: the inverse of `payload`."""
        return cls(
            score=payload["score"],
            threshold=payload["threshold"],
            rules_hash=payload["rules_hash"],
            criteria=tuple(
                Measured(c["key"], c["met"], c["weight"], c["required"], c.get("evidence"))
                for c in payload["criteria"]
            ),
            summary=payload["summary"] or "",
        )

    def same_as(self, other: Scoring) -> bool:
        """Whether both say the same; how it is worded does not count."""
        return (self.score, self.threshold, self.rules_hash, self.criteria) == (
            (other.score, other.threshold, other.rules_hash, other.criteria)
        )


@dataclass(frozen=True, slots=True)
class LeadEvent:
    """An event that is due; `scoring.payload(lead_id)` is its payload."""

    type: LeadEventType
    scoring: Scoring


def score(
    qualification: Qualification,
    facts: Mapping[str, Fact],
    findings: Mapping[str, Finding],
    *,
    locale: str = "pt-BR",
) -> Scoring:
    """The lead measured. A total weight of nothing scores 0; a criterion unknown is not met."""
    known = known_facts(facts)
    criteria = tuple(_measure(c, known, findings) for c in qualification.criteria)
    reached = _share(criteria)
    threshold = qualification.threshold
    return Scoring(
        score=reached,
        threshold=threshold,
        rules_hash=rules_hash(qualification),
        criteria=criteria,
        summary=_summary(qualification, criteria, reached, locale),
    )


def lead_events(
    previous: Scoring | None, scoring: Scoring, *, standing: Standing | None = None
) -> tuple[LeadEvent, ...]:
    """What is to be told of a new scoring, in order.

    `lead.scored` when it says something else than the last one; `lead.qualified` and
    `lead.disqualified` once, when the lead becomes so. `standing` is what was last told of the lead
    (its stage); without it, what the previous scoring says. A lead that only stops being qualified
    is scored, not told again when it comes back: `qualified_at` never moves.
    """
    before: Standing = standing or (previous.standing if previous else "open")
    due: list[LeadEvent] = []
    if previous is None or not scoring.same_as(previous):
        due.append(LeadEvent("lead.scored", scoring))
    if scoring.standing == "qualified" and before != "qualified":
        due.append(LeadEvent("lead.qualified", scoring))
    if scoring.standing == "disqualified" and before != "disqualified":
        due.append(LeadEvent("lead.disqualified", scoring))
    return tuple(due)


def rules_hash(qualification: Qualification) -> str:
    """Names the rules that a lead was measured against: SHA-256, hexadecimal.

    Over the JSON, with sorted keys and no blanks, of the threshold and of each criterion's key,
    type, weight, required, field and prompt, criteria sorted by key: all that decides. Labels and
    the order of criteria do not.
    """
    decisive = {"key", "type", "weight", "required", "field", "prompt"}
    criteria = [c.model_dump(include=decisive) for c in qualification.criteria]
    criteria.sort(key=lambda criterion: criterion["key"])
    form = {"threshold": qualification.threshold, "criteria": criteria}
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _measure(
    criterion: Criterion, known: Mapping[str, Fact], findings: Mapping[str, Finding]
) -> Measured:
    met, evidence = False, None
    if criterion.type == "field_present":
        fact = known.get(canonical(criterion.field or ""))
        met, evidence = fact is not None, fact.evidence if fact else None
    elif finding := findings.get(criterion.key):
        met, evidence = finding.met, finding.evidence or None
    return Measured(criterion.key, met, criterion.weight, criterion.required, evidence)


def _share(criteria: tuple[Measured, ...]) -> float:
    weights = [Fraction(repr(c.weight)) for c in criteria]
    total = sum(weights, Fraction(0))
    if not total:
        return 0.0
    met = sum((w for w, c in zip(weights, criteria, strict=True) if c.met), Fraction(0))
    return float(met / total)


def _summary(
    qualification: Qualification, criteria: tuple[Measured, ...], reached: float, locale: str
) -> str:
    labels = {c.key: c.label for c in qualification.criteria}
    met = [labels[c.key] for c in criteria if c.met]
    missing = [labels[c.key] for c in criteria if not c.met]
    return phrases.summary(
        locale, met=met, missing=missing, score=reached, threshold=qualification.threshold
    )
