"""How a turn begins: the burst is closed at an upper position, or there is nothing to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg
import orjson

from projections.statements import statements
from runtime.agent.context import Contact, Inbound
from runtime.agent.reasons import Reason
from runtime.companies.config import Centurion, Channel, Company
from runtime.ids import new_id
from runtime.outbox import append
from runtime.turns.closing import (
    Ended,
    close_messages,
    complete,
    completed,
    emitter,
    mark_closed,
)
from runtime.turns.consenting import heed
from runtime.turns.gate import silence_of
from runtime.turns.held import Held

_SQL = statements("runtime.turns", "opening.sql")
MOST_MESSAGES = 200
"""How many messages one turn covers at most; a longer burst is answered in several."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers, and where."""

    company: Company
    centurion: Centurion
    channel_name: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Opened:
    """A turn that must be thought about. `burst` is in stream order.

    `left_out` came before it and is too old to be answered: the opening has closed it.
    """

    speaker: Speaker
    contact: Contact
    burst: tuple[Inbound, ...]
    left_out: tuple[Inbound, ...]
    failures: int


def wants(on: Held) -> tuple[str | None, str | None]:
    """The centurion that the burst names and the channel it came on."""
    return on.turn.burst_centurion_id or on.control.centurion_id, on.control.channel


async def messages(on: Held) -> list[asyncpg.Record]:
    """The open messages of the burst, in stream order, at most `MOST_MESSAGES`."""
    claim = on.claim
    first = on.turn.first_position or 0
    return await on.conn.fetch(
        _SQL["open messages"], claim.company_id, claim.conversation_id, first, MOST_MESSAGES
    )


async def close_unheard(on: Held, rows: list[asyncpg.Record], reason: Reason) -> Ended:
    """Nobody answers here: the messages are closed with the reason, and no event tells of it."""
    upper = rows[-1]["position"] if rows else on.turn.last_position or 0
    await close_messages(on, [row["event_id"] for row in rows], upper, reason)
    await on.conn.execute(_SQL["withdraw"], on.claim.company_id, on.claim.turn_id)
    return Ended("closed", reason)


async def begin(
    on: Held, rows: list[asyncpg.Record], speaker: Speaker, *, partitions: int
) -> Opened | Ended:
    """Close the burst at its last message, and say what is to be thought about, or why nothing."""
    on = await cover(on, rows)
    on = await heed(on, burst := tuple(map(_inbound, rows)), partitions=partitions)
    reason = _silence(on, speaker)
    if reason is not None:
        return await complete(on, "silent", reason, partitions=partitions)
    limit = on.now - timedelta(seconds=speaker.company.settings.answer_within_s)
    fresh = [row for row in rows if row["occurred_at"] >= limit]
    if not fresh:
        return await complete(on, "silent", Reason.TOO_OLD, partitions=partitions)
    if len(fresh) < len(rows):
        old = [row for row in rows if row["occurred_at"] < limit]
        on = await _leave_out(on, old, fresh, partitions=partitions)
    contact = {k: v for k, v in on.control.contact.items() if k in Contact.__slots__}
    return Opened(
        speaker,
        Contact(**{"id": on.claim.conversation_id, **contact}),
        tuple(message for message in burst if message.occurred_at >= limit),
        tuple(message for message in burst if message.occurred_at < limit),
        on.turn.failures,
    )


async def cover(on: Held, rows: list[asyncpg.Record], upper: int | None = None) -> Held:
    """The turn covers these messages and nothing newer: the burst is closed at `upper`.

    Without one: behind all that is open, unless that is more than a turn takes. It may be further
    on than these messages, where what follows them is closed already.
    """
    last = rows[-1]
    if upper is None:
        upper = last["position"] if len(rows) == MOST_MESSAGES else on.turn.last_position
    turn = replace(
        on.turn,
        upper_position=upper or last["position"],
        seen_position=max(last["position"], on.turn.last_position or 0),
        covers=tuple(row["event_id"] for row in rows),
        causation_id=last["event_id"],
        correlation_id=last["correlation_id"],
    )
    await on.conn.execute(
        _SQL["begin thinking"],
        on.claim.company_id,
        on.claim.turn_id,
        turn.upper_position,
        list(turn.covers),
        turn.causation_id,
        turn.correlation_id,
        turn.seen_position,
    )
    return replace(on, turn=turn)


async def _leave_out(
    on: Held, old: list[asyncpg.Record], fresh: list[asyncpg.Record], *, partitions: int
) -> Held:
    """Close what is too old to be answered, as a silent turn beside the one that answers the rest."""
    beside = replace(
        on,
        claim=replace(on.claim, turn_id=new_id()),
        turn=replace(on.turn, covers=tuple(row["event_id"] for row in old)),
    )
    await mark_closed(beside, beside.turn.covers, Reason.TOO_OLD)
    told = emitter(on).event("turn.completed", completed(beside, "silent", Reason.TOO_OLD))
    await append(on.conn, [told], partitions=partitions)
    return await cover(on, fresh, on.turn.upper_position)


def _silence(on: Held, speaker: Speaker) -> Reason | None:
    if speaker.company.status != "active":
        return Reason.COMPANY_SUSPENDED
    return silence_of(
        on.control.owner,
        opted_out=on.control.opted_out,
        last_inbound_at=on.control.last_inbound_at,
        now=on.now,
        channel=speaker.channel,
    )


def _inbound(row: asyncpg.Record) -> Inbound:
    return Inbound(
        row["event_id"],
        row["message_id"],
        row["kind"],
        row["text"],
        row["occurred_at"],
        orjson.loads(row["content"]) if row["content"] is not None else None,
        row["correlation_id"],
    )
