"""What a rebuild tells the person who runs it: phase, rate, time left, live lag, what it waits for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import Self

from rich import progress
from rich.console import Console

from consumers.rebuild.observing import Progress
from consumers.rebuild.plan import Kind
from consumers.rebuild.replacing import Reader
from consumers.rebuild.report import Difference, Report
from runtime.cli.rebuild_report import ReportPrinter, differing
from runtime.cli.tables import duration

_PHASES = {
    "fill": "reading the log",
    "follow": "catching up",
    "compare": "comparing",
    "swap": "swapping",
}
_LIVE = {
    Kind.REPLAY: "the new rows are live",
    Kind.UNDO: "the rows of before are live again",
}
_TELL_EVERY_S = 30.0


class InTheWay:
    """Says who is waited for, of each once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told: set[int] = set()

    def __call__(self, what: str, readers: Sequence[Reader]) -> None:
        """What waits, and who is in its way."""
        for reader in readers:
            if reader.pid not in self._told:
                self._told.add(reader.pid)
                self._say(
                    f"{what} waits for {reader.program} (pid {reader.pid}), "
                    f"whose transaction is open for {duration(reader.open_s)}"
                )


class Shown:
    """Tells on a console: a bar on a terminal; elsewhere a line a read model, and a sign of life.

    `narrowed`: how much is to be read is not known before. A context manager.
    """

    def __init__(
        self,
        console: Console,
        printer: ReportPrinter,
        *,
        kind: Kind,
        narrowed: bool,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._console = console
        self._printer = printer
        self._kind = kind
        self._narrowed = narrowed
        self._clock = clock
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=14),
            progress.TextColumn("{task.fields[told]}"),
            console=console,
            disable=not console.is_terminal,
            # What goes to standard output must get there, also when that is a file.
            redirect_stdout=sys.stdout.isatty(),
            transient=True,
        )
        self._task: progress.TaskID | None = None
        self._phase = ""
        self._name: str | None = None
        self._since = self._told_at = clock()
        self._before: int | None = None
        self._is_read = False
        self._in_the_way = InTheWay(self._say)
        self._differing: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def began(self, title: str, *, resumed: bool) -> None:
        """What it is, and whether it was begun before."""
        self._before = None if resumed else 0
        self._say(f"{title}: goes on where it was stopped" if resumed else title)

    def phase(self, phase: str, projection: str | None) -> None:
        """What is being done now."""
        self._phase, self._name, self._since = phase, projection, self._clock()
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(self._doing(), total=None, told="")

    def progress(self, told: Progress) -> None:
        """How far it is, and how live traffic does meanwhile."""
        if self._before is None:
            self._before = told.read
        if self._phase == "fill" and self._kind is not Kind.UNDO:
            self._filling(told)
        elif self._task is not None:
            live = f"{duration(self._clock() - self._since)}, {_live(told)}"
            self._bar.update(self._task, told=live)
            self._sign_of_life(live)

    def _filling(self, told: Progress) -> None:
        took_s, read = self._clock() - self._since, told.read - (self._before or 0)
        rate = read / took_s if took_s > 0 else 0.0
        if told.filled == told.partitions:
            if read and not self._is_read:
                self._is_read = True
                self._say(f"read {read:,} events in {duration(took_s)} ({rate:,.0f}/s)")
            return
        total = None if self._narrowed else max(told.expected, told.read)
        words = [f"{told.read:,} events" if total is None else f"{told.read / (total or 1):.0%}"]
        if rate:
            words.append(f"{rate:,.0f}/s")
            if total is not None:
                words.append(f"{duration((total - told.read) / rate)} left")
        text = f"{' '.join(words)}, {_live(told)}"
        if self._task is not None:
            self._bar.update(self._task, completed=told.read, total=total, told=text)
        self._sign_of_life(text)

    def _sign_of_life(self, text: str) -> None:
        if not self._console.is_terminal and self._clock() - self._told_at >= _TELL_EVERY_S:
            self._say(f"{self._doing()}: {text}")

    def retrying(self, fault: str, wait_s: float) -> None:
        """A fault that will pass."""
        self._say(f"{fault}: it goes on in {duration(wait_s)}")

    def paused(self, lag_s: float | None) -> None:
        """Live traffic goes first."""
        if lag_s is None:
            self._say("live traffic has caught up: it goes on")
        else:
            self._say(f"live traffic is {duration(lag_s)} behind: it waits")

    def differs(self, projection: str, difference: Difference) -> None:
        """A row that differs, of many."""
        self._printer.difference(projection, difference)

    def compared(self, report: Report) -> None:
        """Old and new, side by side."""
        self._printer.report(report)
        self._differing[report.projection] = differing(report)
        if self._kind is Kind.CHECK:
            self._say(self._outcome(report.projection))

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        """Who is in the way, once each."""
        self._in_the_way("the end" if projection is None else f"the swap of {projection}", readers)

    def swapped(self, projection: str) -> None:
        """New rows are live."""
        self._printer.live.append(projection)
        self._say(f"{self._outcome(projection)}; {_LIVE[self._kind]}")

    async def reached(self, point: str) -> None:
        """Of no interest to people."""

    def _outcome(self, projection: str) -> str:
        count = self._differing.get(projection, 0)
        return f"{projection}: {f'{count:,}' if count else 'no'} row{'s' * (count > 1)} {_s(count)}"

    def _doing(self) -> str:
        return f"{_PHASES[self._phase]}{f' {self._name}' if self._name else ''}"

    def _say(self, text: str) -> None:
        self._told_at = self._clock()
        whole = not self._console.is_terminal
        self._console.print(text, markup=False, style="dim", soft_wrap=whole)


def _s(count: int) -> str:
    return "differ" if count > 1 else "differs"


def _live(told: Progress) -> str:
    """How live traffic does."""
    if told.live_alone:
        return "nobody consumes live"
    return f"live {'lag unknown' if told.live_lag_s is None else f'{duration(told.live_lag_s)} behind'}"
