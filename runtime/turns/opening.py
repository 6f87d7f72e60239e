"""How a turn begins: what it covers is thought about, or there is nothing to do."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from runtime.turns.consenting import changes_consent, heed
from runtime.turns.gate import silence_of
from runtime.turns.held import Held
from runtime.turns.reports import answerable_since
from runtime.turns.seen import Seen, TurnRow

_SQL = statements("runtime.turns", "opening.sql")


Wanted = tuple[str | None, str | None]
"""The centurion that a burst names, and the channel it came on."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers, and where."""

    company: Company
    centurion: Centurion
    channel_name: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Opened:
    """A turn that must be thought about, as it was seen. `burst` is in stream order.

    `left_out` came before it and is too old to be answered: the opening has closed it.
    """

    seen: Seen
    speaker: Speaker
    contact: Contact
    burst: tuple[Inbound, ...]
    left_out: tuple[Inbound, ...]


def wants(seen: Seen) -> Wanted:
    """The centurion that the burst names and the channel it came on."""
    return seen.turn.burst_centurion_id or seen.control.centurion_id, seen.control.channel


async def close_unheard(on: Held, reason: Reason) -> Ended:
    """Nobody answers here: the messages are closed with the reason, and no event tells of it."""
    rows = on.messages
    upper = rows[-1]["position"] if rows else on.turn.last_position or 0
    await close_messages(on, [row["event_id"] for row in rows], upper, reason)
    await on.conn.execute(_SQL["withdraw"], on.claim.company_id, on.claim.turn_id)
    return Ended("closed", reason)


def opened_plainly(seen: Seen, speaker: Speaker) -> Opened | None:
    """What is to be thought about, where nothing is to be written for it; None where something is.

    Then the conversation's transaction does it, and looks again.
    """
    if (
        seen.turn.state != "thinking"
        or not seen.messages
        or seen.has_reports
        or wants(seen) != seen.claim.wanted
        or _silence(seen, speaker) is not None
    ):
        return None
    opened = _opened(seen, speaker)
    if opened.left_out or changes_consent(seen, opened.burst):
        return None
    return opened


async def begin(on: Held, speaker: Speaker, *, partitions: int) -> Opened | Ended:
    """What is to be thought about, or why nothing: then the turn is over."""
    on = await heed(on, tuple(map(_inbound, on.messages)), partitions=partitions)
    reason = _silence(on, speaker)
    if reason is not None:
        return await complete(on, "silent", reason, partitions=partitions)
    opened = _opened(on.seen(), speaker)
    if not opened.burst:
        return await complete(on, "silent", Reason.TOO_OLD, partitions=partitions)
    if opened.left_out:
        turn = await _leave_out(on, opened, partitions=partitions)
        return replace(opened, seen=replace(opened.seen, turn=turn))
    return opened


def _opened(seen: Seen, speaker: Speaker) -> Opened:
    limit = answerable_since(speaker.company, seen.now)
    burst = tuple(map(_inbound, seen.messages))
    contact = {k: v for k, v in seen.control.contact.items() if k in Contact.__slots__}
    return Opened(
        seen,
        speaker,
        Contact(**{"id": seen.claim.conversation_id, **contact}),
        tuple(message for message in burst if message.occurred_at >= limit),
        tuple(message for message in burst if message.occurred_at < limit),
    )


async def _leave_out(on: Held, opened: Opened, *, partitions: int) -> TurnRow:
    """Close what is too old to be answered, as a silent turn beside the one that answers the rest."""
    beside = replace(
        on,
        claim=replace(on.claim, turn_id=new_id()),
        turn=replace(on.turn, covers=tuple(message.event_id for message in opened.left_out)),
    )
    await mark_closed(beside, beside.turn.covers, Reason.TOO_OLD)
    told = emitter(on).event("turn.completed", completed(beside, "silent", Reason.TOO_OLD))
    await append(on.conn, [told], partitions=partitions)
    last = opened.burst[-1]
    turn = replace(
        on.turn,
        covers=tuple(message.event_id for message in opened.burst),
        causation_id=last.event_id,
        correlation_id=last.correlation_id,
    )
    narrowed = list(turn.covers), turn.causation_id, turn.correlation_id
    await on.conn.execute(_SQL["narrow"], on.claim.company_id, on.claim.turn_id, *narrowed)
    return turn


def _silence(seen: Seen, speaker: Speaker) -> Reason | None:
    if speaker.company.status != "active":
        return Reason.COMPANY_SUSPENDED
    return silence_of(
        seen.control.owner,
        opted_out=seen.control.opted_out,
        last_inbound_at=seen.control.last_inbound_at,
        now=seen.now,
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
        row["message_correlation_id"],
    )
