"""Exactly once beyond the cursor: new events told from those that a group has had. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from consumers.intake import Candidate, DeadLetter, Intake
from consumers.partition_state import PartitionState
from events.errors import Reason

Key = tuple[int, UUID]
"""(partition, event_id)."""


@dataclass(slots=True)
class Fresh:
    """What is left of one partition's intake. All in stream order."""

    partition: int
    candidates: list[Candidate] = field(default_factory=list)
    duplicates: int = 0
    dead: list[DeadLetter] = field(default_factory=list)


def perhaps_known(intakes: Iterable[Intake], states: Mapping[int, PartitionState]) -> list[Key]:
    """The ids that a group may have had: what is above all that it has had is new.

    Ids of version 7 rise with time, so most are.
    """
    keys: list[Key] = []
    for intake in intakes:
        partition, newest = intake.partition, states[intake.partition].newest_id
        keys += [
            (partition, candidate.event.id)
            for candidate in intake.candidates
            if candidate.event.id.int <= newest
        ]
    return keys


def split(
    intakes: Iterable[Intake],
    known: dict[Key, bytes],
    *,
    identity: Callable[[Candidate], bytes],
) -> list[Fresh]:
    """Split intakes into new events, duplicates and id conflicts.

    The same id with the same body has no second effect; with another body it is a dead letter
    (`id_conflict`), whether the first one came before or earlier in this batch. `known` holds what
    came before by its `identity`; the batch's own may be added to it.
    """
    return [_split(intake, known, identity) for intake in intakes]


def _split(
    intake: Intake, known: dict[Key, bytes], identity: Callable[[Candidate], bytes]
) -> Fresh:
    fresh = Fresh(intake.partition, dead=list(intake.dead))
    ids = {candidate.event.id for candidate in intake.candidates}
    if not known and len(ids) == len(intake.candidates):
        # Mostly so: none came before, and none twice.
        fresh.candidates = intake.candidates
        return fresh
    for candidate in intake.candidates:
        key = (intake.partition, candidate.event.id)
        mine = identity(candidate)
        earlier = known.get(key)
        if earlier is None:
            known[key] = mine
            fresh.candidates.append(candidate)
        elif _same(earlier, mine):
            fresh.duplicates += 1
        else:
            fresh.dead.append(_conflict(intake.partition, candidate))
    return fresh


def _same(one: bytes, other: bytes) -> bool:
    """Equal, or two spellings of the same JSON value."""
    if one == other:
        return True
    try:
        return bool(orjson.loads(one) == orjson.loads(other))
    except orjson.JSONDecodeError:
        return False


def _conflict(partition: int, candidate: Candidate) -> DeadLetter:
    return DeadLetter(
        partition,
        candidate.entry_id,
        candidate.raw,
        Reason.ID_CONFLICT,
        "an event with this id and another body came before",
        candidate.event.id,
    )
