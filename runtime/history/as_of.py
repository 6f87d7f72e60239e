"""A conversation as it was at a moment: its events up to then, folded anew by the same folds.

Only the event log is read. The read models that stand are not looked at, so what was mended,
discarded or rebuilt since does not show; nor does it matter whether anybody consumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from consumers.feeding import FOLLOWER, Parked
from consumers.folded import PAGE_EVENTS, Folded, Folding
from consumers.groups import PROJECTIONS
from consumers.logged_events import from_log
from events.envelope import RecordedEvent
from projections.migrate import Database
from projections.projection import TableKind
from projections.statements import statements
from runtime.history.moments import Moment
from runtime.queries.conversations import Conversation, Row

_SQL = statements("runtime.history", "history.sql")

By = Literal["recorded_at", "occurred_at"]


class EventElsewhere(LookupError):
    """The event that was to name a moment is not of the conversation; the text says whose it is."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A read model that stands still from `event` on, and how many events wait behind it."""

    read_model: str
    event: RecordedEvent
    reason: str
    detail: str
    followers: int


@dataclass(frozen=True, slots=True)
class Past:
    """A conversation at a moment.

    `found` is what `conversation` of the read models gives; `others` has the rows of the group's
    other tables of the conversation, by table. `events` counts what made it, `last` is the last of
    them in stream order; `listed` has them all, None where they were not asked for. `first_at` is the time of
    the first event of all, in the clock that the moment is in.
    """

    found: Conversation
    others: Mapping[str, list[Row]]
    stops: list[Stop]
    events: int
    last: RecordedEvent | None
    listed: list[RecordedEvent] | None
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cut:
    """Which of a conversation's events count: those that meet every bound that is not None."""

    position: int | None = None
    recorded_until: datetime | None = None
    occurred_until: datetime | None = None


async def cut_at(db: Database, scope: tuple[str, str], moment: Moment, *, by: By) -> Cut:
    """The bounds that a moment means for the conversation `scope` (company_id, conversation_id).

    Raises:
        EventElsewhere: the moment is an event that is not of the conversation, or not in the log.
    """
    if moment.event_id is None:
        is_recorded = by == "recorded_at"
        return Cut(
            recorded_until=moment.at if is_recorded else None,
            occurred_until=None if is_recorded else moment.at,
        )
    rows = await db.fetch(_SQL["by id"], [moment.event_id], None)
    for row in rows:
        if (row["company_id"], row["conversation_id"]) == scope:
            return Cut(position=row["position"])
    if not rows:
        raise EventElsewhere(f"no event {moment.event_id} in the log")
    raise EventElsewhere(f"event {moment.event_id} is of {' and '.join(map(_whose, rows))}")


async def past(
    db: Database,
    scope: tuple[str, str],
    cut: Cut,
    *,
    messages: int,
    list_events: bool = False,
    page: int = PAGE_EVENTS,
) -> Past:
    """The conversation `scope` as it was, with at most so many (newest) messages."""
    foldings = {projection.name: Folding(projection) for projection in PROJECTIONS.projections}
    count, last = 0, None
    listed: list[RecordedEvent] = []
    while True:
        after = 0 if last is None else last.position
        bounds = (cut.position, cut.recorded_until, cut.occurred_until)
        rows = await db.fetch(_SQL["page"], *scope, after, *bounds, page)
        events = [from_log(row, row["partition"]) for row in rows]
        for folding in foldings.values():
            folding.feed(events)
        count += len(events)
        last = events[-1] if events else last
        listed += events if list_events else []
        if len(events) < page:
            break
    folded = {name: folding.folded() for name, folding in foldings.items()}
    first = await db.fetch(_SQL["first"], *scope)
    clock = "recorded_at" if cut.occurred_until is None else "occurred_at"
    stops = [stop for one in folded.values() for stop in _stops(one.parked)]
    return Past(
        shown(_rows(folded), messages=messages),
        _others(folded),
        stops,
        count,
        last,
        listed if list_events else None,
        first[0][clock] if first else None,
    )


def _whose(row: Any) -> str:
    return f"conversation {row['conversation_id'] or '(none)'} of company {row['company_id']}"


def _stops(parked: tuple[Parked, ...]) -> list[Stop]:
    """One conversation has one head at the most: all after it follow it."""
    followers = sum(one.reason == FOLLOWER for one in parked)
    heads = [one for one in parked if one.reason != FOLLOWER]
    return [Stop(p.projection, p.recorded, p.reason, p.detail, followers) for p in heads]


_STATE = (
    *("owner", "status", "channel", "contact_id", "contact_name", "centurion_id", "opted_out"),
    *("handoff_id", "received_count", "sent_count", "first_seen_at", "last_inbound_at"),
    *("last_outbound_at", "unanswered_since"),
)
_LEAD = (
    *("lead_id", "stage", "score", "threshold", "facts", "criteria", "rules_hash"),
    "qualified_at",
)
_HANDOFF = (
    *("handoff_id", "status", "reason", "requested_by", "requested_at", "accepted_by"),
    *("accepted_at", "ended_at"),
)
_MESSAGE = (
    *("occurred_at", "direction", "sent_by", "kind", "text", "status", "message_id"),
    "archived",
)
_SHOWN = ("conversations", "messages", "leads", "handoffs")


def shown(rows: Mapping[str, list[Any]], *, messages: int) -> Conversation:
    """The columns and the order that the queries of the read models give; a test holds them equal."""
    state = [_columns(row, _STATE) for row in rows["conversations"]]
    leads = sorted(rows["leads"], key=lambda r: (*_nulls_last(r.created_at), r.lead_id))
    handoffs = sorted(rows["handoffs"], key=lambda r: (*_nulls_last(r.requested_at), r.handoff_id))
    transcript = sorted(rows["messages"], key=lambda r: (r.position, r.message_id))[-messages:]
    return Conversation(
        state[0] if state else None,
        [{**_columns(row, _LEAD), "facts": _as_jsonb(row.facts)} for row in leads],
        [_columns(row, _HANDOFF) for row in handoffs],
        [
            {**_columns(row, _MESSAGE), "text": row.transcript if row.text is None else row.text}
            for row in transcript
        ],
    )


def _as_jsonb(facts: dict[str, Any]) -> dict[str, Any]:
    """In the order in which jsonb keeps its keys: short ones first."""
    return {name: facts[name] for name in sorted(facts, key=lambda n: (len(n.encode()), n))}


def _rows(folded: Mapping[str, Folded]) -> dict[str, list[Any]]:
    return {name: list(folded[name].rows[name].values()) for name in _SHOWN}


def _others(folded: Mapping[str, Folded]) -> dict[str, list[Row]]:
    """The rows of tables that are a conversation's (sums are a company's) and not shown above."""
    found: dict[str, list[Row]] = {}
    for projection in PROJECTIONS.projections:
        for table in projection.tables:
            if table.kind is TableKind.STATE and table.name not in _SHOWN:
                rows = folded[projection.name].rows[table.name]
                if rows:
                    found[table.name] = [
                        _columns(rows[key], table.columns[2:]) for key in sorted(rows)
                    ]
    return found


def _columns(row: Any, names: tuple[str, ...]) -> Row:
    return {name: getattr(row, name) for name in names}


def _nulls_last(at: datetime | None) -> tuple[bool, float]:
    return (at is None, 0.0 if at is None else at.timestamp())
