"""Settles what channels tell of outgoing messages, under the conversation's lock.

A human's own message from the channel takes the conversation over; a report of a message whose
outcome was not known settles it. Statuses that say nothing new are taken out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from consumers.leased import Connection
from events.catalogue.fields import Contact
from events.catalogue.messages import MessageFailed, MessageSent
from events.catalogue.service import HandoffAccepted
from events.envelope import Event
from projections.statements import statements
from runtime.agent.reasons import Reason
from runtime.companies.config import Company
from runtime.ids import new_id
from runtime.outbox import append
from runtime.turns.closing import emitter
from runtime.turns.echoes import OwnMessage, Report, attribute
from runtime.turns.emission import Emitter
from runtime.turns.held import Held

_SQL = statements("runtime.turns", "reports.sql")


async def settle_reports(on: Held, company: Company | None, *, partitions: int) -> Held:
    """For a turn of a company, where one answers: what stands afterwards."""
    if not on.has_reports:
        return on
    took_over = await settle(
        on.conn,
        on.control.owner,
        emitter(on),
        takes_over_since=None if company is None else answerable_since(company, on.now),
        partitions=partitions,
    )
    return on.given_to_human() if took_over else on


def answerable_since(company: Company, now: datetime) -> datetime:
    """What is older is history: nobody is being answered there, and nobody takes over by it."""
    return now - timedelta(seconds=company.settings.answer_within_s)


async def settle(
    conn: Connection,
    owner: str,
    tell: Emitter,
    *,
    takes_over_since: datetime | None,
    partitions: int,
) -> bool:
    """Settle a held conversation's reports; True when a human has taken it over by them.

    By an echo since `takes_over_since`; by none where it is None, because no bot answers there.
    """
    place = tell.company_id, tell.conversation_id
    rows = await conn.fetch(_SQL["own outbound"], *place)
    own = [OwnMessage(*row[:4]) for row in rows]
    reports = [Report(*row) for row in await conn.fetch(_SQL["reports"], *place)]
    found = attribute(reports, own)
    told = await _resolve(conn, tell, rows, found.fates)
    takes_over = owner == "bot" and any(
        takes_over_since is not None and echo.at >= takes_over_since for echo in found.by_humans
    )
    if takes_over:
        told.append(await _take_over(conn, tell))
    done = [r.event_id for r in reports if not _may_be_of_a_send_under_way(r, rows)]
    await conn.execute(_SQL["take out"], *place, done)
    await append(conn, told, partitions=partitions)
    return takes_over


def _may_be_of_a_send_under_way(report: Report, rows: list[asyncpg.Record]) -> bool:
    """A status may be quicker than the channel's own answer, which brings the id."""
    return report.kind != "sent" and any(row["state"] == "sending" for row in rows)


async def _resolve(
    conn: Connection, tell: Emitter, rows: list[asyncpg.Record], fates: dict[UUID, Any]
) -> list[Event]:
    told = []
    for row in rows:
        fate = fates.get(row["message_id"])
        if fate is None or row["state"] != "unknown":
            continue
        settled = await conn.fetchval(_SQL["resolve"], tell.company_id, row["message_id"], fate)
        if settled is not None:
            told.append(_sent(tell, row) if fate == "sent" else _failed(tell, row))
    return told


def _sent(tell: Emitter, row: asyncpg.Record) -> Event:
    payload = MessageSent(
        message_id=str(row["message_id"]),
        channel=row["channel"],
        contact=Contact(**orjson.loads(row["contact"])),
        text=row["text"],
        turn_id=str(row["turn_id"]),
        by="bot",
        chunk=row["part"],
        provider_message_id=row["provider_message_id"],
    )
    return tell.event("message.sent", payload)


def _failed(tell: Emitter, row: asyncpg.Record) -> Event:
    payload = MessageFailed(
        at=tell.at,
        message_id=str(row["message_id"]),
        reason=Reason.CHANNEL_REFUSED,
        detail="told by the channel later",
    )
    return tell.event("message.failed", payload)


async def _take_over(conn: Connection, tell: Emitter) -> Event:
    """Told as an accepted handoff, because the producer of the echo could not say whose it is."""
    handoff_id = str(new_id())
    await conn.execute(_SQL["give to a human"], tell.company_id, tell.conversation_id, handoff_id)
    payload = HandoffAccepted(handoff_id=handoff_id, reason=Reason.HUMAN_TOOK_OVER, by="channel")
    return tell.event("handoff.accepted", payload)
