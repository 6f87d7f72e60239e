"""What happens to one part of an answer, under the conversation's lock: before and after its send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from events.catalogue.fields import Contact as WireContact
from events.catalogue.messages import MessageFailed, MessageSent, MessageUnknown
from events.envelope import Event
from projections.statements import statements
from runtime.agent.context import Contact
from runtime.agent.reasons import Reason
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.companies.config import Channel
from runtime.outbox import append
from runtime.turns.claims import Claim
from runtime.turns.closing import (
    Ended,
    LastSent,
    complete,
    complete_at_once,
    decided,
    emitter,
    supersede,
    suppress_rest,
)
from runtime.turns.gate import Go, Standing, Supersede, Suppress, Verdict, verdict
from runtime.turns.held import Held
from runtime.turns.seen import Seen

_SQL = statements("runtime.turns", "sending.sql")
MOST_ATTEMPTS = 4
"""How often one part is offered to its channel."""
_GONE = "the worker was gone before the channel's answer"


@dataclass(frozen=True, slots=True)
class Part:
    """A row of `agent.outbound` that is to be sent, or may be out already."""

    message_id: UUID
    part: int
    parts: int
    centurion_id: str
    channel: str
    contact: dict[str, Any]
    text: str
    state: str
    attempts: int
    is_begun: bool
    """Another part of the answer is out, or may be."""

    @property
    def may_be_out(self) -> bool:
        """An attempt was begun whose outcome is not known."""
        return self.state == "sending"

    def outbound(self, claim: Claim) -> OutboundPart:
        """As the channel's port wants it."""
        return OutboundPart(
            self.message_id,
            claim.company_id,
            claim.conversation_id,
            self.centurion_id,
            self.channel,
            Contact(**self.contact),
            self.text,
            claim.turn_id,
            self.part,
            self.parts,
        )


async def next_part(on: Held) -> Part | None:
    """The first part that is not settled; None when the answer is through."""
    row = await on.conn.fetchrow(_SQL["next part"], on.claim.company_id, on.claim.turn_id)
    if row is None:
        return None
    values = dict(row) | {"contact": orjson.loads(row["contact"])}
    return Part(**values)


def gate(on: Seen, channel: Channel, *, is_begun: bool, max_wait_ms: int) -> Verdict:
    """What the gate says of the next part, as the conversation stands under its lock."""
    standing = Standing(
        on.control.owner,
        on.control.opted_out,
        on.control.last_inbound_at,
        on.turn.is_written_to,
        is_begun,
        on.waited_ms(),
        on.now,
    )
    return verdict(standing, channel, max_wait_ms=max_wait_ms)


async def let_out(
    on: Held, part: Part, channel: Channel, *, max_wait_ms: int, partitions: int
) -> Ended | None:
    """Ask the gate; None when the part may be sent now, else the turn is over.

    A part that may be out already is repeated only where the channel takes an idempotency key and
    something may still be said; a newer message does not hinder it: its fate is to be known.
    """
    is_begun = part.is_begun or part.may_be_out
    said = gate(on, channel, is_begun=is_begun, max_wait_ms=max_wait_ms)
    if isinstance(said, Supersede):
        return await supersede(on, Reason.NEWER_INBOUND, partitions=partitions)
    if part.may_be_out and said == Suppress(Reason.NEWER_INBOUND):
        said = Go()
    if part.may_be_out and not (isinstance(said, Go) and channel.takes_idempotency_key):
        return await give_up(on, part, Sent(Fate.UNKNOWN, detail=_GONE), partitions=partitions)
    if isinstance(said, Go):
        await on.conn.execute(_SQL["send"], on.claim.company_id, part.message_id)
        return None
    told = await suppress_rest(on, said.reason)
    outcome, reason = _after_suppression(on, part, said.reason)
    return await complete(on, outcome, reason, partitions=partitions, also=told)


def _after_suppression(on: Held, part: Part, reason: str) -> tuple[str, str]:
    if part.is_begun:
        ended = decided(on)
        return ended.outcome, ended.reason
    return "silent", reason


async def settle_last(
    pool: asyncpg.Pool, seen: Seen, part: Part, sent: Sent, *, lease_s: float, partitions: int
) -> Ended:
    """The last part is out, and so the turn over: in one statement."""
    told = emitter(seen).event("message.sent", _sent(seen, part, sent))
    last = LastSent(part.message_id, sent.provider_message_id, sent.detail or None)
    return await complete_at_once(pool, seen, [told], last, lease_s=lease_s, partitions=partitions)


async def settle_sent(on: Held, part: Part, sent: Sent, *, partitions: int) -> Ended | None:
    """A part is out: told as `message.sent`; the turn is over when nothing follows it any more."""
    told = [emitter(on).event("message.sent", _sent(on, part, sent))]
    await _settle(on, part, "sent", sent.detail or None, sent.provider_message_id)
    if await next_part(on) is not None:
        await append(on.conn, told, partitions=partitions)
        return None
    ended = decided(on)
    return await complete(on, ended.outcome, ended.reason, partitions=partitions, also=told)


async def try_again(on: Held, part: Part, sent: Sent) -> None:
    """Keep the part for another attempt: certainly not out, or perhaps."""
    state = "pending" if sent.fate is Fate.FAILED and not part.may_be_out else "sending"
    await _settle(on, part, state, sent.detail)


async def give_up(on: Held, part: Part, sent: Sent, *, partitions: int) -> Ended:
    """End the turn over a part that did not go out, or of which it is not known."""
    is_unknown = sent.fate is Fate.UNKNOWN or part.may_be_out
    state = "unknown" if is_unknown else "failed"
    await _settle(on, part, state, sent.detail)
    reason = Reason.OUTCOME_UNKNOWN if is_unknown else _failure(sent)
    told = [_unknown(on, part, sent) if is_unknown else _failed(on, part, sent)]
    told += await suppress_rest(on, reason)
    outcome = "unknown" if is_unknown else "failed"
    if part.is_begun and not is_unknown:
        outcome = on.turn.decided or "replied"
    return await complete(on, outcome, reason, partitions=partitions, also=told)


async def _settle(
    on: Held, part: Part, state: str, detail: str | None, provider_message_id: str | None = None
) -> None:
    await on.conn.execute(
        _SQL["settle"], on.claim.company_id, part.message_id, state, provider_message_id, detail
    )


async def abandon(on: Held, outcome: str, reason: str, *, partitions: int) -> Ended:
    """End the turn with what is left of its answer unsaid; what may be out is told as unknown.

    The outcome is what the turn decided where a part is out, or nothing is left.
    """
    part = await next_part(on)
    if part is not None and part.may_be_out:
        return await give_up(on, part, Sent(Fate.UNKNOWN, detail=_GONE), partitions=partitions)
    told = await suppress_rest(on, reason)
    if part is None or part.is_begun:
        outcome, reason = on.turn.decided or outcome, on.turn.decided_reason or reason
    return await complete(on, outcome, reason, partitions=partitions, also=told)


def _failure(sent: Sent) -> Reason:
    return Reason.CHANNEL_UNREACHABLE if sent.retryable else Reason.CHANNEL_REFUSED


def _sent(on: Seen, part: Part, sent: Sent) -> MessageSent:
    return MessageSent(
        message_id=str(part.message_id),
        channel=part.channel,
        contact=WireContact(**part.contact),
        text=part.text,
        turn_id=str(on.claim.turn_id),
        by="bot",
        chunk=part.part,
        provider_message_id=sent.provider_message_id,
    )


def _unknown(on: Held, part: Part, sent: Sent) -> Event:
    payload = MessageUnknown(
        at=on.now, message_id=str(part.message_id), reason=sent.detail[:500] or None
    )
    return emitter(on).event("message.unknown", payload)


def _failed(on: Held, part: Part, sent: Sent) -> Event:
    payload = MessageFailed(
        at=on.now,
        message_id=str(part.message_id),
        reason=_failure(sent),
        detail=sent.detail[:500] or None,
    )
    return emitter(on).event("message.failed", payload)
