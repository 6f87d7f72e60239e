"""From stream entries to events and dead letters: pure, one partition at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from consumers.decoded_once import Decode
from consumers.lineage import hash_of
from events.entry_id import EntryId
from events.envelope import Event
from events.errors import InvalidEvent, Reason
from events.partitioning import partition_of
from events.stream_bodies import event_of

FIELD = b"event"
_tuple = tuple.__new__


class Entry(NamedTuple):
    """A stream entry as Redis gave it."""

    id: EntryId
    fields: Mapping[bytes, bytes]


class Candidate(NamedTuple):
    """A valid event in its right partition that may still be a duplicate."""

    event: Event
    entry_id: EntryId
    raw: bytes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An entry that takes no effect, kept with its bytes and the reason."""

    partition: int
    entry_id: EntryId
    raw: bytes
    reason: Reason
    detail: str
    event_id: UUID | None = None


@dataclass(slots=True)
class Intake:
    """What was read of one partition, in stream order. `last` is the last entry's id."""

    partition: int
    last: EntryId
    last_hash: bytes = b""
    """Of the last entry: with its id it proves the stream's history later."""
    ids: list[EntryId] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many entries."""
        return len(self.ids)

    def read_up_to(self, entry_id: EntryId) -> int:
        """How many of them are not above `entry_id`."""
        return bisect_right(self.ids, entry_id)


def take_in(
    partition: int,
    entries: Sequence[Entry],
    *,
    partitions: int,
    after: EntryId,
    decode: Decode = event_of,
) -> Intake | None:
    """Decode entries above `after`; None when there is none. Lower ones are redeliveries.

    `entries` are in stream order.
    """
    fresh = entries
    if not entries or entries[0].id <= after:
        fresh = [entry for entry in entries if entry.id > after]
        if not fresh:
            return None
    intake = Intake(
        partition,
        last=fresh[-1].id,
        last_hash=hash_of(fresh[-1].fields),
        ids=[entry.id for entry in fresh],
    )
    for entry in fresh:
        _sort(intake, entry, partitions, decode)
    return intake


def _sort(intake: Intake, entry: Entry, partitions: int, decode: Decode) -> None:
    entry_id, fields = entry
    raw = fields.get(FIELD)
    if raw is None or len(fields) != 1:
        names = ", ".join(sorted(repr(name.decode("utf-8", "replace")) for name in fields))
        dead = DeadLetter(
            intake.partition,
            entry_id,
            _as_resp(fields.items()),
            Reason.MISSING_FIELD,
            f"an entry has the one field 'event', this one has {names or 'none'}",
        )
        intake.dead.append(dead)
        return
    try:
        event = decode(raw)
    except InvalidEvent as error:
        detail = f"{error.field}: {error.detail}" if error.field else error.detail
        intake.dead.append(DeadLetter(intake.partition, entry_id, raw, error.reason, detail))
        return
    right = partition_of(event.company_id, event.conversation_id, partitions)
    if right != intake.partition:
        detail = f"belongs to partition {right}, stands in {intake.partition}"
        intake.dead.append(
            DeadLetter(intake.partition, entry_id, raw, Reason.WRONG_PARTITION, detail, event.id)
        )
        return
    # What a named tuple's constructor does, without the call of a Python function around it.
    intake.candidates.append(_tuple(Candidate, (event, entry_id, raw)))


def _as_resp(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The fields as a RESP array, so that no byte is lost.

    Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#arrays
    """
    parts = [part for pair in pairs for part in pair]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
