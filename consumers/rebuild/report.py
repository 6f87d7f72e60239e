"""What a rebuild found: of each read model how old and new rows differ, and what waits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs: its key's values in order, and both rows, None where there is none."""

    table: str
    key: list[Any]
    old: dict[str, Any] | None
    new: dict[str, Any] | None

    @property
    def kind(self) -> str:
        """`changed`, `added` (by the rebuild) or `removed`."""
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"

    def columns(self) -> list[str]:
        """The columns that differ."""
        old, new = self.old or {}, self.new or {}
        return [name for name in {**old, **new} if old.get(name) != new.get(name)]


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table, old against new, at one moment. `compared`: the columns that both have."""

    table: str
    old_rows: int
    new_rows: int
    old_checksum: str
    new_checksum: str
    only_old: int
    only_new: int
    changed: int
    compared: list[str]
    sample: list[Difference]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.differing == 0

    @property
    def differing(self) -> int:
        """How many rows differ."""
        return self.only_old + self.only_new + self.changed


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits in the new rows' account, and why."""

    company_id: str
    conversation_id: str
    event_id: str
    partition: int
    position: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """One read model. `parked`: how many events wait in the new rows' account.

    `waiting`: the first of them; those that were refused come before their followers.
    """

    projection: str
    version: int
    replaces: int
    tables: list[TableReport]
    parked: int
    waiting: list[Waiting] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether old and new are the same."""
        return all(table.equal for table in self.tables)

    def as_json(self) -> dict[str, Any]:
        """For JSON, and to be read again by `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Report:
        """The report that `as_json` told."""
        tables = [
            TableReport(**{**table, "sample": [Difference(**one) for one in table["sample"]]})
            for table in told["tables"]
        ]
        waiting = [Waiting(**one) for one in told["waiting"]]
        return cls(**{**told, "tables": tables, "waiting": waiting})


def difference(table: str, key: str, old: str | None, new: str | None) -> Difference:
    """From the texts that Postgres gives."""
    return Difference(
        table,
        orjson.loads(key),
        None if old is None else orjson.loads(old),
        None if new is None else orjson.loads(new),
    )
