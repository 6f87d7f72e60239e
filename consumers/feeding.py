"""Feeds recorded events to one projection, and parks what its fold or its write refuses.

The fast way applies a whole batch at once. When that fails for reasons of the data, the lane rolls
everything back and comes again with the projection named careful: the batch is then bisected,
each try in a savepoint, down to the event. That event's conversation waits for this projection
only; its followers wait behind it in order; everything else flows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from consumers.errors import (
    ConsumerError,
    ProjectionBroken,
    ProjectionRefused,
    is_data_error,
    is_schema_error,
    told,
)
from consumers.failure_streak import FailureStreak
from consumers.known_rows import Recall
from consumers.partition_state import Conversation
from consumers.projector import apply
from events.envelope import RecordedEvent
from events.payload import NewerVersion, Unreadable
from projections.projection import Projection

FOLLOWER = "follows_parked"
NEWER_VERSION = "newer_version"
UNREADABLE = "no_longer_decodes"
REFUSED = "projection_refused"
_HELD = frozenset({NewerVersion, Unreadable})
"""Payloads that wait, whatever the projection."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One event that waits, and why."""

    projection: str
    recorded: RecordedEvent
    reason: str
    detail: str

    def values(self) -> tuple[Any, ...]:
        """Columns of `runtime.parked` in their order, from `projection` to `detail`, then the entry."""
        recorded = self.recorded
        return (
            self.projection,
            recorded.event.company_id,
            recorded.event.conversation_id,
            recorded.partition,
            recorded.position,
            recorded.event.id,
            self.reason,
            self.detail.replace("\x00", "\ufffd")[:2000],
            str(recorded.entry_id),
        )


def are_plain(events: Iterable[RecordedEvent]) -> bool:
    """Whether this build can read them all: none need wait for that."""
    return _HELD.isdisjoint({type(recorded[0].payload) for recorded in events})


@dataclass(slots=True)
class Fed:
    """What became of the events of one projection, in stream order."""

    applied: list[RecordedEvent] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)


async def feed(
    conn: asyncpg.pool.PoolConnectionProxy,
    projection: Projection,
    events: Sequence[RecordedEvent],
    *,
    waits: Callable[[int, Conversation], bool] | None,
    careful: bool,
    streak: FailureStreak,
    hopeful: bool = False,
    written: bool = True,
    recall: Recall | None = None,
) -> Fed:
    """Apply `events` (of types that the projection reads, in stream order).

    `waits` says of a partition's conversation whether it was parked for this projection before; None
    says that none was, and that the events `are_plain`. `streak` is what the projection refused before
    this. `hopeful`, while not careful: rows that the events bring are taken for new. Without `written`
    the connection only keeps what is to be written, and the streak is the caller's to end. `recall`, while
    not careful: as in `apply`.

    Raises:
        ProjectionRefused: not careful, and the fold or its write failed for reasons of the data.
        ProjectionBroken: the projection fails on everything, or its tables are not what it expects.
    """
    fed = Fed()
    held: set[Conversation] = set()
    if waits is None:
        flowing = list(events)
    else:
        flowing = hold_back(fed, projection.name, events, held, waits)
    if not careful:
        await _apply_all(conn, projection, flowing, hopeful=hopeful, recall=recall)
        fed.applied = flowing
    while careful and flowing:
        flowing = await _bisect(conn, fed, projection, flowing, held, streak)
    if fed.applied and written:
        streak.applied()
    fed.parked.sort(key=lambda parked: (parked.recorded.partition, parked.recorded.position))
    return fed


def hold_back(
    fed: Fed,
    name: str,
    events: Sequence[RecordedEvent],
    held: set[Conversation],
    waits: Callable[[int, Conversation], bool] | None = None,
) -> list[RecordedEvent]:
    """The events that may be applied, in order; the others are added to `fed.parked` with why.

    `held` has the conversations that wait, and is added to.
    """
    if waits is None and not held and are_plain(events):
        return list(events)
    flowing: list[RecordedEvent] = []
    for recorded in events:
        event = recorded.event
        conversation = (event.company_id, event.conversation_id)
        if conversation in held or (waits is not None and waits(recorded.partition, conversation)):
            fed.parked.append(Parked(name, recorded, FOLLOWER, "an earlier event waits"))
        elif type(event.payload) is NewerVersion:
            held.add(conversation)
            detail = f"{event.type} version {event.version} is newer than this build"
            fed.parked.append(Parked(name, recorded, NEWER_VERSION, detail))
        elif type(event.payload) is Unreadable:
            held.add(conversation)
            fed.parked.append(Parked(name, recorded, UNREADABLE, event.payload.reason))
        else:
            flowing.append(recorded)
    return flowing


async def _apply_all(
    conn: asyncpg.pool.PoolConnectionProxy,
    projection: Projection,
    events: list[RecordedEvent],
    *,
    hopeful: bool = False,
    recall: Recall | None = None,
) -> None:
    if not events:
        return
    try:
        await apply(conn, projection, events, hopeful=hopeful, recall=recall)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        # asyncpg raises a refusal of a parameter's value as an InterfaceError that is a ValueError.
        if is_data_error(error) or isinstance(error, ValueError):
            raise ProjectionRefused(projection.name, told(error)[:1000]) from error
        if is_schema_error(error):
            raise ProjectionBroken(projection.name, told(error)[:1000]) from error
        raise
    except ConsumerError:
        raise
    except Exception as error:
        raise ProjectionRefused(projection.name, told(error)[:1000]) from error


async def _bisect(
    conn: asyncpg.pool.PoolConnectionProxy,
    fed: Fed,
    projection: Projection,
    events: list[RecordedEvent],
    held: set[Conversation],
    streak: FailureStreak,
) -> list[RecordedEvent]:
    """Apply as many leading events as go, park the first that does not; returns what is left."""
    size = len(events)
    while True:
        head = events[:size]
        try:
            async with conn.transaction():
                await _apply_all(conn, projection, head)
        except ProjectionRefused as error:
            if size > 1:
                size //= 2
                continue
            refused = events[0]
            conversation = (refused.event.company_id, refused.event.conversation_id)
            if streak.refused(conversation):
                raise ProjectionBroken(projection.name, error.detail) from error
            held.add(conversation)
            fed.parked.append(Parked(projection.name, refused, REFUSED, error.detail))
            return hold_back(fed, projection.name, events[1:], held)
        fed.applied.extend(head)
        streak.applied()
        return events[size:]
