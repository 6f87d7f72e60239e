"""How old rows and new ones are shown: a table for people, or one JSON object a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import orjson

from consumers.rebuild.errors import RebuildError
from consumers.rebuild.report import Difference, Report, TableReport, Waiting
from runtime.cli.tables import leave_the_pipe, output, say, show, show_json

_LEAST = 12


class NotWritten(RebuildError):
    """Standard output takes no more: what was found cannot be told."""


@contextmanager
def _written() -> Iterator[None]:
    """Write to standard output. Where its reader has gone, the work goes on in silence.

    Neither may look like a fault of the servers, which is waited out.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        leave_the_pipe()
    except OSError as error:
        leave_the_pipe()
        raise NotWritten(f"standard output: {error.strerror}") from error


class ReportPrinter:
    """Prints what a rebuild found, as it is found. `full`: every row that differs is told by itself."""

    def __init__(self, *, as_json: bool, full: bool) -> None:
        self.as_json = as_json
        self._full = full
        self._reports: dict[str, Report] = {}
        self.live: list[str] = []
        """Read models whose new rows are live."""

    @property
    def reports(self) -> list[Report]:
        """What was found, by read model."""
        return list(self._reports.values())

    @property
    def differing(self) -> int:
        """How many rows differ, over all."""
        return sum(map(differing, self.reports))

    def difference(self, projection: str, one: Difference) -> None:
        """One row.

        Raises:
            NotWritten: standard output takes no more.
        """
        with _written():
            if self.as_json:
                show_json([{"kind": "row", "projection": projection, **_row(one)}])
            else:
                for line in _lines(one, output().width):
                    say(line)

    def report(self, report: Report) -> None:
        """One read model; what was told before is not told again. Raises `NotWritten`."""
        if self._reports.get(report.projection) == report:
            return
        self._reports[report.projection] = report
        if not self._full:
            for table in report.tables:
                self._sample(report.projection, table)
        if self.as_json:
            with _written():
                show_json([_summary(report, table) for table in report.tables])
                show_json([_waits(report, one) for one in report.waiting])

    def _sample(self, projection: str, table: TableReport) -> None:
        for one in table.sample:
            self.difference(projection, one)
        left = table.differing - len(table.sample)
        if left and not self.as_json:
            with _written():
                say(f"  … and {left} more rows of {table.table}")

    def add(self, swapped: Iterable[Report]) -> None:
        """Read models that an earlier process of the same run has swapped."""
        for report in swapped:
            self.report(report)
            self.live.append(report.projection)

    def total(self, title: str) -> None:
        """All of them in one table. Raises `NotWritten`."""
        if not self.as_json and self.reports:
            rows = [
                {name: value for name, value in _summary(report, table).items() if name in _SHOWN}
                for report in self.reports
                for table in report.tables
            ]
            with _written():
                show(rows, title=title, as_json=False, absent="-")
                self._waiting()

    def advise(self, text: str) -> None:
        """What to do next, for people."""
        if not self.as_json:
            with _written():
                say(text, prose=True)

    def _waiting(self) -> None:
        rows = [_waits(report, one) for report in self.reports for one in report.waiting]
        if not rows:
            return
        parked = sum(report.parked for report in self.reports)
        title = f"events that wait in the new rows' account: {parked}"
        show(rows, title=title, as_json=False, columns=_WAITS, whole=("event", "reason"))
        if parked > len(rows):
            say(f"… and {parked - len(rows)} more: `agent-runtime parked list` once they are live")


_WAITS = ("event", "reason", "projection", "conversation", "detail")
_SHOWN = ("table", "old", "new", "changed", "added", "removed", "parked", "equal")


def differing(report: Report) -> int:
    """How many rows of a read model differ."""
    return sum(table.differing for table in report.tables)


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


def _waits(report: Report, one: Waiting) -> dict[str, Any]:
    return {
        "kind": "parked",
        "projection": report.projection,
        "company": one.company_id,
        "conversation": one.conversation_id,
        "event": one.event_id,
        "partition": one.partition,
        "position": one.position,
        "reason": one.reason,
        "detail": one.detail,
    }


def _row(one: Difference) -> dict[str, Any]:
    return {"table": one.table, "difference": one.kind, **_without(asdict(one), "table")}


def _without(told: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != name}


def _lines(one: Difference, width: int) -> Iterator[str]:
    """`changed conversations acme / c-1`, and below it `received_count: 3 → 4`, a line a column."""
    yield f"{one.kind:<8} {one.table} {' / '.join(map(str, one.key))}"
    if one.old is not None and one.new is not None:
        for column in one.columns():
            most = max(_LEAST, (width - len(column) - 11) // 2)
            old, new = (_json(row.get(column)) for row in (one.old, one.new))
            begin = max(0, _first_other(old, new) - _LEAST // 2)
            yield f"    {column}: {_short(old, begin, most)} → {_short(new, begin, most)}"


def _first_other(old: str, new: str) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _short(text: str, begin: int, most: int) -> str:
    """The text, or as much of it as fits of where it begins to be another than its counterpart."""
    if len(text) <= most:
        return text
    begin = min(begin, len(text) - most) if begin else 0
    cut = f"…{text[begin + 1 :]}" if begin else text
    return cut if len(cut) <= most else f"{cut[: most - 1]}…"
