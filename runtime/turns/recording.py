"""Writes a decision: what goes out, what is known, and the events that tell of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import asyncpg
import orjson

from consumers.errors import faults_translated
from consumers.leased import bounds
from events.catalogue.service import HandoffRequested
from events.catalogue.turns import Hit, OpenaiCallFailed, RagFailed, RagNoMatch, RagRetrieved
from events.envelope import Event
from projections.statements import statements
from runtime.agent.context import Fact
from runtime.agent.reasons import Reason
from runtime.channels.splitting import split
from runtime.companies.config import Channel
from runtime.ids import new_id
from runtime.outbox import Telling, telling
from runtime.turns.closing import Ended, complete, emitter
from runtime.turns.emission import Emitter
from runtime.turns.errors import ClaimLost
from runtime.turns.gate import Go
from runtime.turns.held import Held
from runtime.turns.leads import lead_of
from runtime.turns.seen import Seen, TurnRow
from runtime.turns.sending import Part, gate
from runtime.turns.thought import Thought

_SQL = statements("runtime.turns", "recording.sql")
_HELD_BACK = frozenset({Reason.OPENAI_BREAKER_OPEN, Reason.OPENAI_BUDGET_EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision that has something to say, as the turn stands now.

    `first` goes out: the gate let it out, and it is written down so. None where the gate did not.
    """

    turn: TurnRow
    first: Part | None


@dataclass(frozen=True, slots=True)
class _Recording:
    """What is written of a decision. `first` is the first part as it was before it went out."""

    turn: TurnRow
    first: Part | None
    parameters: tuple[Any, ...]
    """Those of `record` that come from the decision, but for whether the first part goes out."""
    telling: Telling


async def record(
    on: Held, thought: Thought, channel: Channel, *, partitions: int
) -> Ended | Recorded:
    """Write the decision: how the turn ended, or what is to be sent."""
    recording = _recording(on, thought, channel, partitions)
    goes = recording.first is not None and _goes(on, thought, channel)
    await on.conn.execute(_SQL["record"], *_parameters(on, recording, None, goes_out=goes))
    if recording.first is None:
        on = replace(on, turn=recording.turn)
        return await complete(on, thought.outcome, thought.reason, partitions=partitions)
    return Recorded(recording.turn, recording.first if goes else None)


async def record_at_once(
    pool: asyncpg.Pool,
    seen: Seen,
    thought: Thought,
    channel: Channel,
    *,
    lease_s: float,
    partitions: int,
) -> Recorded | None:
    """The same in one statement, where the conversation stands as it was seen and the gate is open.

    None where it does not, or nothing is said: nothing was written, and it is to be held.

    Raises:
        ClaimLost, TransientFault: as holding it does.
    """
    if not _goes(seen, thought, channel):
        return None
    recording = _recording(seen, thought, channel, partitions)
    if recording.first is None:
        return None
    with faults_translated():
        done = await pool.fetchval(
            _SQL["record"], *_parameters(seen, recording, lease_s, goes_out=True)
        )
    if done == "lost":
        raise ClaimLost(seen.claim.turn_id)
    return Recorded(recording.turn, recording.first) if done == "recorded" else None


def _goes(seen: Seen, thought: Thought, channel: Channel) -> bool:
    max_wait_ms = thought.context.centurion.max_wait_ms
    return isinstance(gate(seen, channel, is_begun=False, max_wait_ms=max_wait_ms), Go)


def _parameters(
    seen: Seen, recording: _Recording, lease_s: float | None, *, goes_out: bool
) -> tuple[Any, ...]:
    """Those of `record`. Without a lease the transaction has its locks, and has looked."""
    claim = seen.claim
    lock_timeout = None if lease_s is None else bounds(lease_s)[0]
    place = claim.company_id, claim.conversation_id
    return (
        *(*place, claim.turn_id, claim.fence, claim.worker),
        *(lock_timeout, lease_s is None, seen.control.last_inbound_at),
        *recording.parameters,
        goes_out,
        *recording.telling,
    )


def _recording(seen: Seen, thought: Thought, channel: Channel, partitions: int) -> _Recording:
    usage = thought.decision.usage
    turn = replace(
        seen.turn, state="sending", decided=thought.outcome, decided_reason=thought.reason
    )
    if usage is not None:
        turn = replace(
            turn,
            model=usage.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
        )
    tell = emitter(seen)
    facts = thought.new_facts()
    lead = lead_of(thought, facts)
    told = [
        *_not_asked(tell, thought),
        *_retrieval(tell, thought),
        *(lead.told(tell) if lead else ()),
        *_handoff(tell, thought),
    ]
    context = thought.context
    texts = split(thought.decision.reply or "", max_chars=channel.max_part_chars)
    ids, contact = [new_id() for _ in texts], asdict(context.contact)
    who = context.centurion.id, context.channel
    parameters = (
        *(turn.decided, turn.decided_reason, turn.model),
        *(turn.prompt_tokens, turn.completion_tokens, turn.cost_usd),
        *_columns(facts if lead else ()),
        *(lead.kept() if lead else (None, None, None)),
        *(ids, list(texts), *who, orjson.dumps(contact).decode()),
    )
    first = (
        Part(ids[0], 1, len(ids), *who, contact, texts[0], "pending", 0, is_begun=False)
        if ids
        else None
    )
    return _Recording(turn, first, parameters, telling(told, partitions=partitions))


def _columns(facts: Sequence[Fact]) -> tuple[list[Any], ...]:
    return (
        [fact.name for fact in facts],
        [orjson.dumps(fact.value).decode() for fact in facts],
        [fact.evidence for fact in facts],
        [fact.event_id for fact in facts],
        [fact.confidence for fact in facts],
        [fact.by for fact in facts],
    )


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
