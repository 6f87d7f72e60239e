"""Rows of read models as the last commits left them, so that the next batch need not ask for them.

They stand for as long as nobody else has written them. Whoever does moves the checkpoints of their
projection or raises their revision; a batch moves both by compare-and-set, and where that fails the
partition's state is loaded anew, and knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from events.envelope import RecordedEvent
from projections.projection import Key, Projection, Table, TableKind

_MOST = 128
"""Rows of a projection in a partition; those that were written last."""
_CONVERSATION = ("company_id", "conversation_id")
"""The key of a row a conversation."""


def kept_table(projection: Projection) -> Table | None:
    """The projection's table whose rows are kept: one with a row a conversation, if it has any.

    Not with JSON, which is read back in another form.
    """
    for table in projection.tables:
        is_kept = table.kind is TableKind.STATE and not table.json
        if is_kept and table.columns[: table.key] == _CONVERSATION:
            return table
    return None


class KnownRows:
    """Of one partition."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[str, dict[Key, Any]] = {}

    def of(self, projection: str) -> Mapping[Key, Any]:
        """By key. Not to be changed, neither the rows."""
        return self._rows.get(projection, {})

    def learn(self, projection: str, written: Mapping[Key, Any]) -> None:
        """Take note of rows that were committed; None is one that is gone."""
        rows = self._rows.setdefault(projection, {})
        for key, row in written.items():
            rows.pop(key, None)
            if row is not None:
                rows[key] = row
        while len(rows) > _MOST:
            del rows[next(iter(rows))]

    def forget(self, projection: str) -> None:
        """Its rows are written in another way."""
        self._rows.pop(projection, None)


class Recall:
    """What a batch knows of a table's rows before it writes them, and what it writes, by partition."""

    def __init__(
        self, table: Table, known: Mapping[int, Mapping[Key, Any]], events: Sequence[RecordedEvent]
    ) -> None:
        self._table = table
        self._known = known
        self._places = {(r.event.company_id, r.event.conversation_id): r.partition for r in events}
        self.written: dict[int, dict[Key, Any]] = {partition: {} for partition in known}

    def rows(self, table: Table, wanted: Iterable[Key]) -> dict[Key, Any]:
        """Those of the rows that are known."""
        if table is not self._table:
            return {}
        known, places = self._known, self._places
        return {k: row for k in wanted if (row := known[places[k]].get(k)) is not None}

    def note(self, table: Table, changed: Mapping[Key, Any]) -> None:
        """Rows that are being written."""
        if table is self._table:
            for key, row in changed.items():
                self.written[self._places[key]][key] = row
