"""Writes a decision: what goes out, what is known, and the events that tell of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from events.catalogue import CATALOGUE
from events.catalogue.fields import Contact as WireContact
from events.catalogue.leads import LeadCreated, LeadFactRecorded
from events.catalogue.service import HandoffRequested
from events.catalogue.turns import Hit, OpenaiCallFailed, RagFailed, RagNoMatch, RagRetrieved
from events.envelope import Event
from projections.statements import statements
from runtime.agent.context import Fact
from runtime.agent.lead_identity import lead_id_for
from runtime.agent.qualification import lead_events, score
from runtime.agent.reasons import Reason
from runtime.channels.splitting import split
from runtime.companies.config import Channel
from runtime.ids import new_id
from runtime.outbox import append
from runtime.turns.closing import Ended, complete, emitter
from runtime.turns.emission import Emitter
from runtime.turns.gate import Go
from runtime.turns.held import Held
from runtime.turns.sending import Part, gate
from runtime.turns.thought import Thought

_SQL = statements("runtime.turns", "recording.sql")
_HELD_BACK = frozenset({Reason.OPENAI_BREAKER_OPEN, Reason.OPENAI_BUDGET_EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision that has something to say, as it is held now.

    `first` goes out: the gate let it out, and it is written down so. None where the gate did not.
    """

    on: Held
    first: Part | None


async def record(
    on: Held, thought: Thought, channel: Channel, *, partitions: int
) -> Ended | Recorded:
    """Write the decision: how the turn ended, or what is to be sent."""
    usage = thought.decision.usage
    turn = replace(on.turn, state="sending", decided=thought.outcome, decided_reason=thought.reason)
    if usage is not None:
        turn = replace(
            turn,
            model=usage.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
        )
    on = replace(on, turn=turn)
    tell = emitter(on)
    told = [
        *_not_asked(tell, thought),
        *_retrieval(tell, thought),
        *await _lead(on, tell, thought),
        *_handoff(tell, thought),
    ]
    parts = split(thought.decision.reply or "", max_chars=channel.max_part_chars)
    if not parts:
        await on.conn.execute(_SQL["decide"], *_decided(on))
        return await complete(on, thought.outcome, thought.reason, partitions=partitions, also=told)
    await append(on.conn, told, partitions=partitions)
    max_wait_ms = thought.context.centurion.max_wait_ms
    goes = isinstance(gate(on, channel, is_begun=False, max_wait_ms=max_wait_ms), Go)
    first = await _decide_and_put_parts(on, thought, parts, goes_out=goes)
    return Recorded(on, first if goes else None)


def _decided(on: Held) -> tuple[Any, ...]:
    """The parameters of `decide`."""
    turn = on.turn
    return (
        on.claim.company_id,
        on.claim.turn_id,
        turn.decided,
        turn.decided_reason,
        turn.model,
        turn.prompt_tokens,
        turn.completion_tokens,
        turn.cost_usd,
    )


async def _decide_and_put_parts(
    on: Held, thought: Thought, parts: Sequence[str], *, goes_out: bool
) -> Part:
    """The first part as it was before it went out."""
    context = thought.context
    ids, contact = [new_id() for _ in parts], asdict(context.contact)
    await on.conn.execute(
        _SQL["decide and put parts"],
        *_decided(on),
        ids,
        list(parts),
        on.claim.conversation_id,
        context.centurion.id,
        context.channel,
        orjson.dumps(contact).decode(),
        goes_out,
    )
    who = context.centurion.id, context.channel, contact
    return Part(ids[0], 1, len(parts), *who, parts[0], "pending", 0, is_begun=False)


def _retrieval(tell: Emitter, thought: Thought) -> list[Event]:
    """A search that found nothing is a gap only where the customer was told so, or handed over."""
    retrieval, context = thought.retrieval, thought.context
    if retrieval is None:
        return []
    query: dict[str, Any] = {
        "turn_id": str(context.turn_id),
        "query": retrieval.query,
        "mode": "keyword",
        "duration_ms": retrieval.ms,
    }
    if retrieval.failed is not None:
        failed = RagFailed(**query, hits=[], reason=retrieval.failed[:100])
        return [tell.event("rag.failed", failed)]
    hits = [
        Hit(document_id=p.document_id, chunk=p.chunk, score=p.score, version=p.version)
        for p in context.passages
    ]
    if hits:
        return [tell.event("rag.retrieved", RagRetrieved(**query, hits=hits))]
    if thought.reason in {Reason.DID_NOT_KNOW, Reason.NOTHING_LEFT_TO_ASK}:
        return [tell.event("rag.no_match", RagNoMatch(**query, hits=[]))]
    return []


def _not_asked(tell: Emitter, thought: Thought) -> list[Event]:
    """A model that was there and could not be asked: no call tells of it, so the turn does."""
    return [
        tell.event(
            "openai.call_failed",
            OpenaiCallFailed(purpose="decide", reason=step.what, retryable=True),
        )
        for step in thought.decision.steps
        if step.what in _HELD_BACK
    ]


def _handoff(tell: Emitter, thought: Thought) -> list[Event]:
    wish, rules = thought.decision.handoff, thought.context.centurion.handoff
    if wish is None or thought.handoff_is_open:
        return []
    payload = HandoffRequested(
        handoff_id=str(new_id()),
        reason=wish.reason,
        by="bot",
        to=rules.to or None,
        brief=wish.brief,
    )
    return [tell.event("handoff.requested", payload)]


async def _lead(on: Held, tell: Emitter, thought: Thought) -> list[Event]:
    """A conversation becomes a lead with the first fact, or the first criterion that is met."""
    context, known = thought.context, thought.told
    facts = thought.new_facts()
    scoring = score(
        context.centurion.qualification,
        thought.facts(),
        thought.findings(),
        locale=context.company.locale,
    )
    if known is None and not facts and not any(c.met for c in scoring.criteria):
        return []
    lead_id = known.lead_id if known else lead_id_for(context.company.id, context.conversation_id)
    told: list[Event] = []
    if known is None:
        contact = WireContact(**asdict(context.contact))
        created = LeadCreated(lead_id=lead_id, contact=contact, channel=context.channel)
        told.append(tell.event("lead.created", created))
    told += [tell.event("lead.fact_recorded", _recorded(lead_id, fact)) for fact in facts]
    if facts:
        await _keep_facts(on, facts)
    due = lead_events(
        known.scoring if known else None, scoring, standing=known.standing if known else None
    )
    for event in due:
        model = CATALOGUE[event.type].model
        told.append(tell.event(event.type, model.model_validate(event.scoring.payload(lead_id))))
    stands = due[-1].scoring.standing if due else scoring.standing
    if known is not None and known.standing == "qualified" and stands == "open":
        stands = "qualified"
    payload = orjson.dumps(scoring.payload(lead_id)).decode()
    place = on.claim.company_id, on.claim.conversation_id
    await on.conn.execute(_SQL["keep scoring"], *place, lead_id, payload, stands)
    return told


async def _keep_facts(on: Held, facts: Sequence[Fact]) -> None:
    await on.conn.execute(
        _SQL["keep facts"],
        on.claim.company_id,
        on.claim.conversation_id,
        [fact.name for fact in facts],
        [orjson.dumps(fact.value).decode() for fact in facts],
        [fact.evidence for fact in facts],
        [fact.event_id for fact in facts],
        [fact.confidence for fact in facts],
        [fact.by for fact in facts],
    )


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
