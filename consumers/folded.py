"""A read model's rows from recorded events alone: pure, in memory, by the fold that also runs live.

What stops a conversation live stops it here, with the same reasons: an event that no longer
decodes, one of a newer version, one that the fold refuses or whose rows cannot be JSON. What only
Postgres refuses (a constraint, a number out of a column's range) is not noticed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import orjson

from consumers.errors import told
from consumers.feeding import REFUSED, Fed, Parked, hold_back
from consumers.json_text import json_text
from consumers.partition_state import Conversation
from events.envelope import RecordedEvent
from projections.projection import Changes, Key, Projection, Table, TableKind

PAGE_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Folded:
    """What a read model holds after some events.

    `rows`: table name → rows by key, of every table of the projection, as they would stand in
    Postgres (sums are totals). `parked` is in the order of partition and position. Of the events
    given, `applied` were folded; the rest were parked, or of types that the projection does not read.
    """

    rows: Mapping[str, Mapping[Key, Any]]
    parked: tuple[Parked, ...]
    applied: int


def fold_all(
    projection: Projection, events: Iterable[RecordedEvent], *, page: int = PAGE_EVENTS
) -> Folded:
    """The rows after all `events`, which are in stream order within each conversation.

    They are folded `page` at a time, with the rows carried in memory between.
    """
    folding = Folding(projection)
    remaining = iter(events)
    while batch := list(islice(remaining, page)):
        folding.feed(batch)
    return folding.folded()


class Folding:
    """A read model that grows in memory, page by page."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._tables = {table.name: _Rows(table) for table in projection.tables}
        self._held: set[Conversation] = set()
        self._fed = Fed()
        self._applied = 0

    def feed(self, events: Sequence[RecordedEvent]) -> None:
        """Fold the next events; those of types that the projection does not read are left out."""
        wanted = [r for r in events if r.event.type in self._projection.reads]
        flowing = hold_back(self._fed, self._projection.name, wanted, self._held)
        while flowing:
            flowing = self._bisect(flowing)

    def folded(self) -> Folded:
        """What stands now."""
        rows = {name: table.all() for name, table in self._tables.items()}
        parked = sorted(self._fed.parked, key=lambda p: (p.recorded.partition, p.recorded.position))
        return Folded(rows, tuple(parked), self._applied)

    def _bisect(self, events: list[RecordedEvent]) -> list[RecordedEvent]:
        """Fold as many leading events as go, park the first that does not; returns what is left."""
        size = len(events)
        while True:
            try:
                changes = self._changes(events[:size])
            except Exception as error:  # noqa: BLE001 - whatever a fold raises parks its event
                if size > 1:
                    size //= 2
                    continue
                return self._park(events, told(error)[:1000])
            for name, changed in changes.items():
                self._tables[name].merge(changed)
            self._applied += size
            return events[size:]

    def _changes(self, events: Sequence[RecordedEvent]) -> Changes:
        touched = self._projection.touch(events)
        state = {
            name: rows.touched(touched.get(name, ()))
            for name, rows in self._tables.items()
            if rows.table.kind is TableKind.STATE
        }
        changes = self._projection.fold(state, events)
        return {
            name: _stored(rows.table, changes.get(name, {})) for name, rows in self._tables.items()
        }

    def _park(self, events: list[RecordedEvent], detail: str) -> list[RecordedEvent]:
        refused, name = events[0], self._projection.name
        self._held.add((refused.event.company_id, refused.event.conversation_id))
        self._fed.parked.append(Parked(name, refused, REFUSED, detail))
        return hold_back(self._fed, name, events[1:], self._held)


class _Rows:
    """Rows of one table by the first two columns of their key: of a state table, the conversation."""

    __slots__ = ("_scopes", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self._scopes: dict[Key, dict[Key, Any]] = {}

    def all(self) -> dict[Key, Any]:
        return {key: row for rows in self._scopes.values() for key, row in rows.items()}

    def touched(self, wanted: Iterable[Key]) -> dict[Key, Any]:
        """A whole key means its row; a shorter one, or one that ends in '', all rows around it."""
        found: dict[Key, Any] = {}
        for key in set(wanted):
            rows = self._scopes.get(key[:2], {})
            if len(key) == self.table.key and key[-1] != "":
                if (row := rows.get(key)) is not None:
                    found[key] = row
            else:
                found |= rows
        return found

    def merge(self, changed: Mapping[Key, Any]) -> None:
        for key, row in changed.items():
            rows = self._scopes.setdefault(key[:2], {})
            if row is None:
                rows.pop(key, None)
            elif self.table.kind is TableKind.SUM and key in rows:
                rows[key] = _sum(self.table, rows[key], row)
            else:
                rows[key] = row


def _sum(table: Table, standing: Any, increment: Any) -> Any:
    added = {name: getattr(increment, name) for name in table.columns[table.key :]}
    return replace(
        standing, **{name: getattr(standing, name) + more for name, more in added.items()}
    )


def _stored(table: Table, changed: Mapping[Key, Any]) -> Mapping[Key, Any]:
    """The rows with their JSON columns as they would be read back."""
    if not table.json:
        return changed
    return {key: None if row is None else _with_json(table, row) for key, row in changed.items()}


def _with_json(table: Table, row: Any) -> Any:
    values = {name: getattr(row, name) for name in table.json}
    read_back = {
        name: orjson.loads(json_text(value)) for name, value in values.items() if value is not None
    }
    return replace(row, **read_back)
