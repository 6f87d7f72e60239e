"""How far an export is: phase, events, rate and time left. On a terminal alone."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich import progress
from rich.console import Console
from rich.text import Text

from runtime.exporting.state import State


class ExportWatch:
    """A bar over the positions of the log; silent where nobody looks. A context."""

    def __init__(self, console: Console) -> None:
        self._shown = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TextColumn("{task.fields[events]:,} events"),
            _Rate(),
            progress.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._shown.add_task("looking for the place", total=None, events=0, before=0)
        self._phase = ""
        self.before = 0
        """Events that earlier runs handed on."""
        self.resumed = False
        self.has_begun = False

    def __enter__(self) -> Self:
        self._shown.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.stop()

    def begun(self, state: State, *, resumed: bool) -> None:
        """Events come now."""
        self.has_begun, self.resumed, self.before = True, resumed, state.events
        phase = "going on" if resumed else "exporting"
        self._shown.update(self._task, description=phase, events=state.events)
        self._shown.update(self._task, before=state.events)
        self._phase = phase

    def moved(self, state: State, *, looked_at: int, of: int) -> None:
        """So many positions of the log were looked at."""
        self._shown.update(
            self._task,
            description=self._phase,
            completed=looked_at,
            total=of,
            events=state.events,
        )

    def full(self) -> None:
        """The target takes nothing more until its reader has taken something away."""
        self._shown.update(self._task, description="waiting for the stream's reader")


class _Rate(progress.ProgressColumn):
    """Events a second, over this run."""

    def render(self, task: progress.Task) -> Text:
        """The rate so far."""
        events = task.fields["events"] - task.fields["before"]
        return Text(f"{events / task.elapsed:,.0f}/s" if events and task.elapsed else "…")
