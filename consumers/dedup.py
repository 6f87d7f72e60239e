"""Which candidates are new: the log's unique (partition, event_id) is the basis, looked up first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from consumers.intake import Candidate, DeadLetter, Intake
from events.errors import Reason
from projections.statements import statements

_SQL = statements("consumers", "transaction.sql")

_Key = tuple[int, UUID]


@dataclass(slots=True)
class Fresh:
    """What is left of one partition's intake. All in stream order."""

    partition: int
    candidates: list[Candidate] = field(default_factory=list)
    duplicates: int = 0
    dead: list[DeadLetter] = field(default_factory=list)


async def without_duplicates(
    conn: asyncpg.pool.PoolConnectionProxy, intakes: Iterable[Intake]
) -> list[Fresh]:
    """Split intakes into new events, duplicates and id conflicts.

    The same id with the same body has no second effect; with another body it is a dead letter
    (`id_conflict`), whether the first one stands in the log or earlier in this batch.
    """
    intakes = list(intakes)
    bodies = await _logged(conn, intakes)
    return [_split(intake, bodies) for intake in intakes]


async def _logged(
    conn: asyncpg.pool.PoolConnectionProxy, intakes: list[Intake]
) -> dict[_Key, bytes]:
    keys = [(i.partition, c.event.id) for i in intakes for c in i.candidates]
    if not keys:
        return {}
    partitions, ids = zip(*keys, strict=True)
    rows = await conn.fetch(_SQL["logged already"], list(partitions), list(ids))
    return {(row["partition"], row["event_id"]): row["body"].encode() for row in rows}


def _split(intake: Intake, bodies: dict[_Key, bytes]) -> Fresh:
    fresh = Fresh(intake.partition, dead=list(intake.dead))
    for candidate in intake.candidates:
        key = (intake.partition, candidate.event.id)
        earlier = bodies.get(key)
        if earlier is None:
            bodies[key] = candidate.raw
            fresh.candidates.append(candidate)
        elif _same(earlier, candidate.raw):
            fresh.duplicates += 1
        else:
            fresh.dead.append(_conflict(intake.partition, candidate))
    return fresh


def _same(one: bytes, other: bytes) -> bool:
    return one == other or _value(one) == _value(other)


def _value(body: bytes) -> Any:
    return orjson.loads(body)


def _conflict(partition: int, candidate: Candidate) -> DeadLetter:
    return DeadLetter(
        partition,
        candidate.entry_id,
        candidate.raw,
        Reason.ID_CONFLICT,
        "an event with this id and another body came before",
        candidate.event.id,
    )
