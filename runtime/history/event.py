"""One event and what is around it: its cause, what it caused, where it waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consumers.logged_events import from_log
from events.catalogue import CATALOGUE
from events.envelope import RecordedEvent
from events.payload import NewerVersion, Unreadable
from projections.migrate import Database
from projections.statements import statements
from runtime.history.elsewhere import effects_of
from runtime.history.telling import place
from runtime.queries.conversations import Row

_SQL = statements("runtime.history", "history.sql")
_EFFECTS_AT_MOST = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the log: `row` has the log's columns.

    `read_version` is the version that its payload is read as, None where this build cannot read it;
    `upcast` says whether it was lifted.
    `cause` is None for one that names none; `in_log` tells whether the cause is there. `effects`
    are direct ones, oldest first; `parked` says for which read models it waits, and why.
    """

    row: Any
    read_version: int | None
    upcast: bool
    cause: Row | None
    effects: list[Row]
    parked: list[Row]


async def events_by_id(db: Database, ids: Sequence[UUID], company_id: str | None) -> list[Any]:
    """Rows of the log, of whichever conversation; of all companies where None is named."""
    return await db.fetch(_SQL["by id"], list(ids), company_id)


async def told(db: Database, row: Any) -> Told:
    """Everything about the event of a row of the log."""
    recorded = from_log(row, row["partition"])
    version = _read_version(recorded)
    scope = (row["company_id"], row["conversation_id"])
    effects = await effects_of(db, scope, recorded, limit=_EFFECTS_AT_MOST)
    parked = await db.fetch(_SQL["parked of an event"], *scope, row["partition"], row["position"])
    return Told(
        row,
        version,
        version not in (None, row["version"]),
        await _cause(db, recorded),
        [{**_brief(effect), "in_log": True} for effect in effects],
        [dict(one) for one in parked],
    )


def _read_version(recorded: RecordedEvent) -> int | None:
    event = recorded.event
    if isinstance(event.payload, NewerVersion | Unreadable):
        return None
    known = CATALOGUE.get(event.type)
    return event.version if known is None else known.current


async def _cause(db: Database, recorded: RecordedEvent) -> Row | None:
    event = recorded.event
    if event.causation_id is None:
        return None
    rows = await events_by_id(db, [event.causation_id], event.company_id)
    if not rows:
        return {"id": event.causation_id, "in_log": False}
    return {**_brief(from_log(rows[0], rows[0]["partition"])), "in_log": True}


def _brief(recorded: RecordedEvent) -> Row:
    event = recorded.event
    return {
        "id": event.id,
        "type": event.type,
        "recorded_at": recorded.recorded_at.isoformat(timespec="milliseconds"),
        "conversation": event.conversation_id,
        "place": place(recorded),
    }
