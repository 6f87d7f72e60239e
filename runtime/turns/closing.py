"""How a turn ends: its messages closed, its burst ended or shortened, its completion told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg

from consumers.errors import faults_translated
from consumers.leased import bounds
from events.catalogue.fields import Tokens
from events.catalogue.messages import MessageSuppressed
from events.catalogue.turns import TurnCompleted
from events.envelope import Event
from projections.statements import statements
from runtime.agent.reasons import Reason
from runtime.outbox import append, telling
from runtime.turns.emission import Emitter
from runtime.turns.errors import ClaimLost
from runtime.turns.held import Held
from runtime.turns.seen import Seen

_SQL = statements("runtime.turns", "closing.sql")


@dataclass(frozen=True, slots=True)
class Ended:
    """A turn is over: with an outcome of `turn.completed`, or `closed` without any event.

    `is_burst_over` where it is known that the turn leaves nothing to the next one.
    """

    outcome: str
    reason: str
    is_burst_over: bool = False


@dataclass(frozen=True, slots=True)
class LastSent:
    """The part with which an answer is through; without an id, none."""

    message_id: UUID | None = None
    provider_message_id: str | None = None
    detail: str | None = None


def emitter(on: Seen) -> Emitter:
    """For the events of a turn: what its last message set off."""
    known = on.turn.correlation_id or str(on.claim.turn_id)
    claim = on.claim
    return Emitter(claim.company_id, claim.conversation_id, known, on.turn.causation_id, on.now)


async def close_messages(on: Held, covers: Sequence[UUID], upper: int, reason: str) -> None:
    """Close inbound messages up to a position for good; the burst keeps what is newer."""
    await mark_closed(on, covers, reason)
    place = on.claim.company_id, on.claim.conversation_id
    ended = await on.conn.execute(_SQL["end burst"], *place, upper)
    if ended == "DELETE 0":
        await on.conn.execute(_SQL["shorten burst"], *place, upper)


async def mark_closed(on: Held, covers: Sequence[UUID], reason: str) -> None:
    """Close inbound messages for good; the burst stays as it is."""
    claim = on.claim
    await on.conn.execute(
        _SQL["close messages"],
        claim.company_id,
        claim.conversation_id,
        list(covers),
        claim.turn_id,
        reason,
    )


async def complete(
    on: Held,
    outcome: str,
    reason: str,
    *,
    partitions: int,
    also: Sequence[Event] = (),
) -> Ended:
    """End the turn: `turn.completed` covers what its prompt contained, closed for good.

    `also` is told before it.
    """
    ended = Ended(outcome, reason)
    told = telling([*also, _completion(on, ended)], partitions=partitions)
    is_over = await on.conn.fetchval(
        _SQL["complete"], *_parameters(on, ended, None, LastSent()), *told
    )
    return replace(ended, is_burst_over=bool(is_over))


async def complete_at_once(
    pool: asyncpg.Pool,
    seen: Seen,
    also: Sequence[Event],
    last: LastSent,
    *,
    lease_s: float,
    partitions: int,
) -> Ended:
    """The same in one statement, for an answer that is through as it was decided.

    Raises:
        ClaimLost, TransientFault: as holding the turn does.
    """
    ended = decided(seen)
    told = telling([*also, _completion(seen, ended)], partitions=partitions)
    with faults_translated():
        is_over = await pool.fetchval(
            _SQL["complete"], *_parameters(seen, ended, lease_s, last), *told
        )
    if is_over is None:
        raise ClaimLost(seen.claim.turn_id)
    return replace(ended, is_burst_over=is_over)


def decided(seen: Seen) -> Ended:
    """How a turn ends whose answer is through."""
    return Ended(seen.turn.decided or "replied", seen.turn.decided_reason or Reason.ANSWERED)


def _completion(seen: Seen, ended: Ended) -> Event:
    return emitter(seen).event("turn.completed", completed(seen, ended.outcome, ended.reason))


def _parameters(seen: Seen, ended: Ended, lease_s: float | None, last: LastSent) -> tuple[Any, ...]:
    """Those of `complete`, without what is told. Without a lease the transaction has its locks."""
    claim = seen.claim
    lock_timeout = None if lease_s is None else bounds(lease_s)[0]
    return (
        *(claim.company_id, claim.conversation_id, claim.turn_id, claim.fence, claim.worker),
        *(lock_timeout, list(seen.turn.covers), ended.outcome, ended.reason),
        *(seen.turn.upper_position, last.message_id, last.provider_message_id, last.detail),
    )


async def supersede(on: Held, reason: str, *, partitions: int) -> Ended:
    """End the turn without closing anything: the next one covers the whole burst."""
    await on.conn.execute(_SQL["suppress the rest"], *_turn(on), reason)
    await on.conn.execute(_SQL["end turn"], *_turn(on), "superseded", reason)
    told = emitter(on).event("turn.completed", completed(on, "superseded", reason))
    await append(on.conn, [told], partitions=partitions)
    return Ended("superseded", reason)


async def suppress_rest(on: Held, reason: str) -> list[Event]:
    """Send nothing more of the turn; the event that tells of it, when anything was left."""
    left = await on.conn.fetch(_SQL["suppress the rest"], *_turn(on), reason)
    if not left:
        return []
    payload = MessageSuppressed(
        turn_id=str(on.claim.turn_id), reason=reason, covers=list(on.turn.covers)
    )
    return [emitter(on).event("message.suppressed", payload)]


def completed(on: Seen, outcome: str, reason: str) -> TurnCompleted:
    """The payload of `turn.completed`."""
    turn = on.turn
    tokens = None
    if turn.prompt_tokens is not None and turn.completion_tokens is not None:
        prompt, completion = turn.prompt_tokens, turn.completion_tokens
        tokens = Tokens(prompt=prompt, completion=completion, total=prompt + completion)
    return TurnCompleted(
        turn_id=str(on.claim.turn_id),
        covers=list(turn.covers),
        outcome=outcome,  # type: ignore[arg-type]  # checked by the model
        reason=reason,
        ms=int((on.now - turn.opened_at).total_seconds() * 1000),
        model=turn.model,
        tokens=tokens,
        cost=turn.cost_usd,
    )


async def retry_later(on: Held, wait_s: float, *, counted: bool) -> None:
    """Give the turn back, to be taken up again after a while.

    `counted`: this attempt is one of those after which the turn is given up.
    """
    claim = on.claim
    await on.conn.execute(
        _SQL["retry later"], *_turn(on), claim.fence, claim.worker, wait_s, counted
    )


def _turn(on: Held) -> tuple[str, UUID]:
    return on.claim.company_id, on.claim.turn_id
