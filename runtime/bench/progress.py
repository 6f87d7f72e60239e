"""How far a run is: messages sent, a second, and the time left. On a terminal alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress
from rich.console import Console
from rich.text import Text


class Bar:
    """One run's bar."""

    def __init__(self, shown: progress.Progress, task: progress.TaskID) -> None:
        self._shown = shown
        self._task = task

    def advance(self, messages: int) -> None:
        """So many more were sent."""
        self._shown.advance(self._task, messages)


class Progress:
    """Bars on a console; silent where nobody looks."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def bar(self, title: str, messages: int) -> Iterator[Bar]:
        """A bar for a run that sends so many messages."""
        shown = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            _Rate(),
            progress.TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        with shown:
            yield Bar(shown, shown.add_task(title, total=messages))


class _Rate(progress.ProgressColumn):
    """Messages a second."""

    def render(self, task: progress.Task) -> Text:
        """The rate as it is now."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "…")
