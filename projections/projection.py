"""What a read model is: a name, the events it reads, a pure fold, and its tables.

A projection turns a batch of recorded events into row changes in three steps, of which only the
middle one is its own code:

1. `touch(events)` names the rows whose present state the fold needs, and they are loaded;
2. `fold(state, events)` computes the changed rows, purely: no I/O, clock, randomness, logging;
3. the changed rows are written, one statement a table.

Laws, held by tests for every projection: `fold(s, a + b)` equals `fold(fold(s, a), b)`, and events
of different conversations may be reordered against each other without changing any row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from operator import attrgetter
from typing import Any, Protocol, runtime_checkable

from events.envelope import RecordedEvent

type_ = type


class TableKind(Enum):
    """How changed rows meet the rows that stand."""

    STATE = "state"
    """A changed row replaces the one with its key; the fold has loaded what it needed."""
    SUM = "sum"
    """Numbers are added to the row with the same key, whose first column is `partition`."""


@dataclass(frozen=True)
class Table:
    """One table of a projection.

    `row` is a slotted dataclass; its fields are the columns in order, the first `key` of them the
    primary key. `json` names the columns whose values are JSON (Python objects in the row).
    Statements `create`, `load` (state tables), `store` and `view` are in the projection's `.sql`
    file under the name `<statement> <table>`.
    """

    name: str
    row: type_
    key: int
    kind: TableKind = TableKind.STATE
    json: frozenset[str] = frozenset()
    schema: str = "projections"
    looks_first: bool = False
    """Whether the fold has looked at each row before it adds it (state tables only): what was not
    there is new then, and is copied, which is much cheaper than an upsert."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, in the order of the row's fields."""
        return tuple(f.name for f in fields(self.row))

    @cached_property
    def values_of(self) -> Any:
        """Row → tuple of its values in column order."""
        return attrgetter(*self.columns)

    @cached_property
    def key_of(self) -> Any:
        """Row → its key, always a tuple."""
        names = self.columns[: self.key]
        one = attrgetter(*names)
        return one if len(names) > 1 else lambda row: (one(row),)


Key = tuple[Any, ...]
Rows = Mapping[Key, Any]
"""Rows of one table by key."""
State = Mapping[str, Rows]
"""Table name → the loaded rows."""
Changes = Mapping[str, Mapping[Key, Any]]
"""Table name → changed rows by key: whole rows of state tables, increments of sum tables.
`None` instead of a row deletes it (state tables only)."""
Touched = Mapping[str, Iterable[tuple[Any, ...]]]
"""Table name → parameter tuples for its `load` statement (transposed into one array a parameter)."""


class Projection(Protocol):
    """A read model. One module each; found by `projections.registry`."""

    @property
    def name(self) -> str:
        """The public name: the view `<schema>.<name>`; unique over all groups."""

    @property
    def version(self) -> int:
        """Raised whenever the fold, the set of event types or the tables change."""

    @property
    def reads(self) -> frozenset[str]:
        """The event types that the fold wants; it is given no others."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Its tables, in the order in which they are written."""

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Which rows must be loaded before `fold`."""

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """The changed rows. Must not mutate what it is given."""


@runtime_checkable
class BringsRows(Protocol):
    """A projection whose events bring rows of their own, which hardly ever stand already."""

    def touch_known(self, events: Sequence[RecordedEvent]) -> Touched:
        """As `touch`, without the rows that the events bring.

        `fold` takes them for new then, and they are added so that a row that stands after all refuses
        the batch; it is tried again with `touch`. Their tables must be such that `looks_first`.
        """
