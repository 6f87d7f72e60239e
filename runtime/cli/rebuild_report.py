"""How old rows and new ones are shown: a table for people, or one JSON object a line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from consumers.rebuild.report import Difference, Report, TableReport
from runtime.cli.tables import say, show, show_json

_WIDEST = 60


class ReportPrinter:
    """Prints what a rebuild found, as it is found. `full`: every row that differs is told by itself."""

    def __init__(self, *, as_json: bool, full: bool) -> None:
        self._as_json = as_json
        self._full = full
        self.reports: list[Report] = []

    @property
    def differing(self) -> int:
        """How many rows differ, over all."""
        return sum(table.differing for report in self.reports for table in report.tables)

    def difference(self, projection: str, one: Difference) -> None:
        """One row."""
        if self._as_json:
            show_json([{"kind": "row", "projection": projection, **_row(one)}])
        else:
            say(_line(one))

    def report(self, report: Report) -> None:
        """One read model."""
        self.reports.append(report)
        if not self._full:
            for table in report.tables:
                for one in table.sample:
                    self.difference(report.projection, one)
                if not self._as_json and table.differing > len(table.sample):
                    say(f"  … and {table.differing - len(table.sample)} more rows of {table.table}")
        if self._as_json:
            show_json([_summary(report, table) for table in report.tables])

    def total(self) -> None:
        """All of them in one table."""
        if not self._as_json:
            rows = [
                {name: value for name, value in _summary(report, table).items() if name in _SHOWN}
                for report in self.reports
                for table in report.tables
            ]
            show(rows, title="old and new", as_json=False, absent="-")


_SHOWN = ("table", "old", "new", "changed", "added", "removed", "parked", "equal")


def _summary(report: Report, table: TableReport) -> dict[str, Any]:
    return {
        "kind": "table",
        "projection": report.projection,
        "version": report.version,
        "replaces": report.replaces,
        "table": table.table,
        "old": table.old_rows,
        "new": table.new_rows,
        "changed": table.changed,
        "added": table.only_new,
        "removed": table.only_old,
        "parked": report.parked,
        "equal": "yes" if table.equal else "no",
        "old_checksum": table.old_checksum,
        "new_checksum": table.new_checksum,
        "columns": table.compared,
    }


def _row(one: Difference) -> dict[str, Any]:
    return {"table": one.table, "difference": one.kind, **_without(asdict(one), "table")}


def _without(told: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != name}


def _line(one: Difference) -> str:
    """`changed conversations acme / c-1: received_count 3 → 4`."""
    key = " / ".join(map(str, one.key))
    told = f"{one.kind:<8} {one.table} {key}"
    if one.old is None or one.new is None:
        return told
    changes = [f"{c} {_short(one.old.get(c))} → {_short(one.new.get(c))}" for c in one.columns()]
    return f"{told}: {'; '.join(changes)}"


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
