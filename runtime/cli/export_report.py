"""What an export has handed on, told at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from runtime.cli.context import errors
from runtime.cli.tables import duration, say, show, show_json
from runtime.exporting.log_reader import Counted
from runtime.exporting.state import State


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did: to where, from how many events on, in how long."""

    target: str
    before: int
    resumed: bool
    seconds: float


def tell(state: State, run: Run, *, as_json: bool, aside: bool) -> None:
    """Print the report; `aside` on standard error, because standard output has the events."""
    told = _told(state, run)
    if aside:
        if as_json:
            errors.print(orjson.dumps(told).decode(), markup=False)
        else:
            for line in _lines(state, run):
                errors.print(line, markup=False)
        return
    if as_json:
        show_json([told])
        return
    _by_type(state.by_type)
    for line in _lines(state, run):
        say(line)


def tell_counted(counted: Counted, target: str, *, as_json: bool) -> None:
    """Print what would be exported."""
    if as_json:
        told = {"events": counted.events, "bytes": counted.bytes, "by_type": counted.by_type}
        show_json([{"target": target, "dry_run": True, **told}])
        return
    _by_type(counted.by_type)
    say(f"would export {counted.events:,} events ({size(counted.bytes)}) to {target}")


def size(count: int) -> str:
    """Bytes for people."""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} bytes"


def _by_type(by_type: Mapping[str, int]) -> None:
    rows = [{"type": type_, "events": count} for type_, count in sorted(by_type.items())]
    show(rows, title="events", as_json=False)


def _told(state: State, run: Run) -> dict[str, Any]:
    return {
        "target": run.target,
        "selection": state.selection,
        "events": state.events,
        "by_type": dict(sorted(state.by_type.items())),
        "bytes": state.size,
        "written_bytes": state.written or None,
        "resumed": run.resumed,
        "events_of_this_run": state.events - run.before,
        "seconds": round(run.seconds, 3),
        "not_publishable": state.refused,
        "not_publishable_first": [
            {"event_id": one.event_id, "place": one.place, "why": one.why} for one in state.refusals
        ],
        "line_breaks_replaced": state.one_lined,
    }


def _lines(state: State, run: Run) -> list[str]:
    here = state.events - run.before
    rate = f"{here / run.seconds:,.0f}/s" if run.seconds > 0 else "…"
    packed = f", {size(state.written)} written" if state.written else ""
    what = f"{state.events:,} events ({size(state.size)}{packed})"
    lines = [f"exported {what} to {run.target} in {duration(run.seconds)} ({rate})"]
    if run.resumed:
        lines.append(f"{run.before:,} of them by earlier runs: this one went on where they stopped")
    if state.refused:
        lines.append(f"{state.refused:,} of them would be refused by `publish`; the first:")
        lines += [f"  {one.event_id} at {one.place}: {one.why}" for one in state.refusals]
    if state.one_lined:
        lines.append(f"{state.one_lined:,} bodies had line breaks, which became spaces")
    return lines
