"""What a rebuild tells the person who runs it: phase, rate, time left, what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import progress
from rich.console import Console
from rich.text import Text

from consumers.rebuild.observing import Progress
from consumers.rebuild.report import Difference, Report
from consumers.rebuild.swapping import Reader
from runtime.cli.rebuild_report import ReportPrinter
from runtime.cli.tables import duration

_PHASES = {
    "fill": "reading the log",
    "follow": "catching up",
    "compare": "comparing",
    "swap": "swapping",
}


class Shown:
    """Tells on a console: a bar on a terminal, a line a phase elsewhere. A context manager."""

    def __init__(self, console: Console, printer: ReportPrinter) -> None:
        self._console = console
        self._printer = printer
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            _Rate(),
            progress.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: progress.TaskID | None = None
        self._told: set[int] = set()

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
        self._say(f"{title}: goes on where it was stopped" if resumed else title)

    def phase(self, phase: str, projection: str | None) -> None:
        """What is being done now."""
        told = f"{_PHASES[phase]}{f' {projection}' if projection else ''}"
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(told, total=None)
        if not self._console.is_terminal:
            self._say(told)

    def progress(self, told: Progress) -> None:
        """How much of the log is read."""
        if self._task is not None and told.filled < told.partitions:
            total = max(told.expected, told.read)
            self._bar.update(self._task, completed=told.read, total=total)

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

    def waits_for(self, projection: str, readers: Sequence[Reader]) -> None:
        """Who is in the way, once each."""
        for reader in readers:
            if reader.pid not in self._told:
                self._told.add(reader.pid)
                self._say(
                    f"the swap of {projection} waits for {reader.program} (pid {reader.pid}), "
                    f"whose transaction is open for {duration(reader.open_s)}"
                )

    def swapped(self, projection: str) -> None:
        """New rows are live."""
        self._say(f"{projection}: the new rows are live")

    async def reached(self, point: str) -> None:
        """Of no interest to people."""

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, style="dim")


class _Rate(progress.ProgressColumn):
    """Events a second."""

    def render(self, task: progress.Task) -> Text:
        """The rate as it is now."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "…")
