"""A projection whose tables stand in a rebuild's schema: same code, same SQL, other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from events.envelope import RecordedEvent
from projections.migrate import physical_name
from projections.projection import Changes, Projection, State, Table, Touched


class Shadow:
    """`of`, writing into `schema`."""

    def __init__(self, of: Projection, schema: str) -> None:
        self.of = of
        self.schema = schema
        self.name = of.name
        self.version = of.version
        self.reads = of.reads
        self.tables = tuple(replace(table, schema=schema) for table in of.tables)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """As the projection does."""
        return self.of.touch(events)

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """As the projection does."""
        return self.of.fold(state, events)

    def pairs(self) -> list[tuple[Table, Table]]:
        """Each table as it is live, and its shadow."""
        return list(zip(self.of.tables, self.tables, strict=True))


def qualified(table: Table, version: int) -> str:
    """The physical table with its schema: `projections.conversations_v1`."""
    return f"{table.schema}.{physical_name(table, version)}"
