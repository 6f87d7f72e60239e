"""What is shown while a rebuild works, on a recorded console with a clock of the test's own."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from consumers.rebuild.observing import Progress
from consumers.rebuild.plan import Kind
from consumers.rebuild.replacing import Reader
from consumers.rebuild.report import Report, TableReport
from runtime.cli.rebuild_progress import Shown
from runtime.cli.rebuild_report import ReportPrinter


@dataclass
class Watch:
    """A console, a clock, and what stands on the console."""

    terminal: bool
    at: float = 100.0
    out: io.StringIO = field(default_factory=io.StringIO)

    def shown(self, kind: Kind = Kind.REPLAY, *, narrowed: bool = False) -> Shown:
        console = Console(
            file=self.out, force_terminal=self.terminal, width=80, highlight=False, soft_wrap=True
        )
        printer = ReportPrinter(as_json=True, full=True)
        return Shown(console, printer, kind=kind, narrowed=narrowed, clock=lambda: self.at)

    @property
    def lines(self) -> list[str]:
        """Without the codes that colour them and move the cursor."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.out.getvalue())
        return [line.rstrip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def read(
    count: int, *, filled: int = 0, lag_s: float | None = 0.4, alone: bool = False
) -> Progress:
    return Progress(count, 40_000, filled, 16, live_lag_s=lag_s, live_alone=alone)


def report(name: str, changed: int) -> Report:
    table = TableReport(name, 5, 5, "1", "2", 0, 0, changed, ["a"], [])
    return Report(name, 1, 1, [table], 0)


def test_a_terminal_shows_phase_rate_time_left_and_live_lag() -> None:
    watch = Watch(terminal=True)
    with (shown := watch.shown()):
        shown.began("replay of leads", resumed=False)
        shown.phase("fill", None)
        watch.at += 2
        shown.progress(read(10_000))
        shown._bar.refresh()
        shown.progress(read(20_000, lag_s=None))
        shown._bar.refresh()
        shown.progress(read(30_000, alone=True))
        shown._bar.refresh()
        shown.phase("compare", "leads")
        watch.at += 75
        shown.progress(read(40_000, filled=16))
        shown._bar.refresh()
    bars = [line for line in watch.lines if "━" in line or "live" in line]
    assert any(
        line.startswith("reading the log")
        and line.endswith("25% 5,000/s 6.0 s left, live 0.4 s behind")
        for line in bars
    ), bars
    assert any("live lag unknown" in line for line in bars)
    assert any("nobody consumes live" in line for line in bars)
    assert any(
        line.startswith("comparing leads") and line.endswith("1 min 15 s, live 0.4 s behind")
        for line in bars
    ), bars
    assert [line for line in watch.lines if len(line) > 80] == []


def test_elsewhere_a_read_model_is_one_line() -> None:
    watch = Watch(terminal=False)
    with (shown := watch.shown()):
        shown.began("replay of leads, handoffs", resumed=False)
        shown.phase("fill", None)
        watch.at += 4
        for _ in range(3):
            shown.progress(read(20_000))
        shown.progress(read(40_000, filled=16))
        shown.progress(read(40_000, filled=16))
        for name, changed in (("leads", 1), ("handoffs", 0)):
            for phase in ("follow", "compare", "swap"):
                shown.phase(phase, name)
                shown.progress(read(40_000, filled=16))
                if phase == "compare":
                    shown.compared(report(name, changed))
            shown.swapped(name)
    assert watch.lines == [
        "replay of leads, handoffs",
        "read 40,000 events in 4.0 s (10,000/s)",
        "leads: 1 row differs; the new rows are live",
        "handoffs: no row differs; the new rows are live",
    ]


def test_elsewhere_long_work_gives_a_sign_of_life() -> None:
    watch = Watch(terminal=False)
    with (shown := watch.shown()):
        shown.began("replay of leads", resumed=True)
        shown.progress(read(5_000))
        shown.phase("fill", None)
        for second in range(1, 70):
            watch.at += 1
            shown.progress(read(5_000 + 100 * second, lag_s=12.0))
        shown.phase("follow", "leads")
        watch.at += 31
        shown.progress(read(40_000, filled=16))
    assert watch.lines == [
        "replay of leads: goes on where it was stopped",
        "reading the log: 20% 100/s 5 min 20 s left, live 12 s behind",
        "reading the log: 28% 100/s 4 min 50 s left, live 12 s behind",
        "catching up leads: 31 s, live 0.4 s behind",
    ]


def test_of_a_narrowed_one_only_what_is_read_is_known() -> None:
    watch = Watch(terminal=False)
    with (shown := watch.shown(narrowed=True)):
        shown.began("replay of leads for company acme", resumed=False)
        shown.phase("fill", None)
        watch.at += 30
        shown.progress(read(600))
    assert watch.lines[1:] == ["reading the log: 600 events 20/s, live 0.4 s behind"]


def test_a_pause_a_fault_and_a_reader_in_the_way_are_told_once() -> None:
    watch = Watch(terminal=False)
    with (shown := watch.shown()):
        shown.paused(3.2)
        shown.paused(None)
        shown.retrying("connection lost", 0.5)
        for _ in range(3):
            shown.waits_for("leads", [Reader(4711, "dashboard", 65.0)])
            shown.waits_for(None, [Reader(4712, "psql", 5.0)])
    assert watch.lines == [
        "live traffic is 3.2 s behind: it waits",
        "live traffic has caught up: it goes on",
        "connection lost: it goes on in 0.5 s",
        "the swap of leads waits for dashboard (pid 4711), whose transaction is open for 1 min 05 s",
        "the end waits for psql (pid 4712), whose transaction is open for 5.0 s",
    ]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.CHECK, "leads: 1,200 rows differ"),
        (Kind.UNDO, "leads: 1,200 rows differ; the rows of before are live again"),
    ],
)
def test_the_end_of_a_read_model_says_what_became_of_it(kind: Kind, line: str) -> None:
    watch = Watch(terminal=False)
    with (shown := watch.shown(kind)):
        shown.compared(report("leads", 1200))
        if kind is not Kind.CHECK:
            shown.swapped("leads")
    assert watch.lines == [line]
