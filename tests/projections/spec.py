"""Read models described by example: what stood, what comes, which rows there are then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson

from events.codec import decode
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from events.partitioning import partition_of
from projections.projection import Key, Projection, State, Table, TableKind
from tests.examples import body

PARTITIONS = 16
RECORDED_AT = datetime(2026, 11, 2, 13, tzinfo=UTC)
_numbers = count(1)

Rows = dict[Key, Any]
Tables = dict[str, Rows]


def event(
    type_: str, conversation: str = "c-1", *, number: int | None = None, **payload: Any
) -> RecordedEvent:
    """A recorded event; without a number each is later than the one made before it."""
    number = next(_numbers) if number is None else number
    sent = {**body(type_, number, **payload), "conversation_id": conversation}
    decoded = decode(orjson.dumps(sent))
    partition = partition_of(decoded.company_id, decoded.conversation_id, PARTITIONS)
    return RecordedEvent(decoded, partition, number, EntryId(number, 0), RECORDED_AT)


def applied(projection: Projection, tables: State, events: Sequence[RecordedEvent]) -> Tables:
    """The tables after one batch, as the projector would leave them."""
    events = [e for e in events if e.event.type in projection.reads]
    changes = projection.fold(loaded(projection, tables, events), events)
    after: Tables = {}
    for table in projection.tables:
        rows = after[table.name] = dict(tables.get(table.name, {}))
        for key, row in changes.get(table.name, {}).items():
            if row is None:
                rows.pop(key, None)
            elif table.kind is TableKind.SUM and key in rows:
                rows[key] = _sum(table, rows[key], row)
            else:
                rows[key] = row
    return after


def loaded(projection: Projection, tables: State, events: Sequence[RecordedEvent]) -> Tables:
    """The rows that `touch` asks for: by key, or by its first columns."""
    touched = projection.touch(events)
    found: Tables = {}
    for table in projection.tables:
        if table.kind is TableKind.STATE:
            prefixes = {_prefix(table, wanted) for wanted in touched.get(table.name, ())}
            found[table.name] = {
                key: row
                for key, row in tables.get(table.name, {}).items()
                if any(key[:n] in prefixes for n in range(1, len(key) + 1))
            }
    return found


def _prefix(table: Table, wanted: Key) -> Key:
    whole_conversation = len(wanted) == table.key and wanted[-1] == ""
    return wanted[:-1] if whole_conversation else wanted


def _sum(table: Table, standing: Any, increment: Any) -> Any:
    pairs = zip(table.values_of(standing), table.values_of(increment), strict=True)
    values = [old if i < table.key else old + new for i, (old, new) in enumerate(pairs)]
    return table.row(*values)


@dataclass
class Spec:
    """A read model and its rows; an event that came before has no second effect."""

    projection: Projection
    tables: Tables = field(default_factory=dict)
    seen: set[tuple[int, Any]] = field(default_factory=set)

    def when(self, *events: RecordedEvent, times: int = 2) -> Spec:
        """Deliver the events that often, each alone; only the first delivery may change rows."""
        for delivery in range(times):
            before = self.tables
            for recorded in events:
                self._deliver(recorded)
            assert delivery == 0 or self.tables == before
        return self

    def then(self, expected: Mapping[str, Mapping[Key, Mapping[str, Any]]]) -> Spec:
        """The tables named have exactly these keys, and in them these columns."""
        for name, rows in expected.items():
            standing = self.tables.get(name, {})
            assert set(standing) == set(rows)
            for key, columns in rows.items():
                assert {c: getattr(standing[key], c) for c in columns} == dict(columns)
        return self

    def _deliver(self, recorded: RecordedEvent) -> None:
        identity = (recorded.partition, recorded.event.id)
        if identity not in self.seen:
            self.seen.add(identity)
            self.tables = applied(self.projection, self.tables, [recorded])


def given(projection: Projection, *events: RecordedEvent) -> Spec:
    """The read model after these events."""
    return Spec(projection).when(*events, times=1)
