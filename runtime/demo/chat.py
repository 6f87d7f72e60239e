"""Shows a conversation as people read one, and below it what was decided and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from runtime.explaining.rendering import one_line, step_line
from runtime.explaining.values import Entry, Explanation, Inbound, Other, Said, Turn

WIDTH = 100
_WHO_WIDTH = 9


class Chat:
    """Prints to `console`, never wider than `WIDTH`; times are UTC."""

    def __init__(self, console: Console) -> None:
        self._console = Console(file=console.file, width=min(console.width, WIDTH), highlight=False)

    def title(self, text: str) -> None:
        """What comes next."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def line(self, at: datetime, who: str, text: str, *, style: str) -> None:
        """Somebody says something."""
        self._row(at, Text(who, style=style), Text(one_line(text)))

    def aside(self, at: datetime, text: str) -> None:
        """Something that nobody in the conversation reads."""
        self._row(at, Text(""), Text(one_line(text), style="italic"))

    def decisions(self, explanation: Explanation) -> None:
        """Each turn with its outcome and reason; below it what it found, learnt and scored."""
        for depth, text in _decisions(explanation):
            line = Text(one_line(text), style="dim" if depth else "")
            self._console.print(Padding(line, (0, 0, 0, 2 + 4 * depth), expand=False))

    def _row(self, at: datetime, who: Text, text: Text) -> None:
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=10)
        row.add_column(width=_WHO_WIDTH)
        row.add_column(overflow="fold")
        row.add_row(Text(f"  {at:%H:%M:%S}", style="dim"), who, text)
        self._console.print(row)


def _decisions(explanation: Explanation) -> Iterator[tuple[int, str]]:
    """Lines and how deep they stand; what was said stands in the conversation above."""
    told: set[str] = set()
    for entry in explanation.entries:
        for turn in _turns(entry):
            if turn.turn_id not in told:
                told.add(turn.turn_id)
                yield 0, f"↳ {_turn_line(len(told), turn)}"
                yield from (
                    (1, step_line(step)) for step in turn.steps if not isinstance(step, Said)
                )
        if isinstance(entry, Other) and entry.detail:
            yield 0, f"↳ {step_line(entry)}"


def _turns(entry: Entry) -> tuple[Turn, ...]:
    if isinstance(entry, Inbound):
        return entry.turns
    return (entry,) if isinstance(entry, Turn) else ()


def _turn_line(number: int, turn: Turn) -> str:
    covered = f"{len(turn.covers)} message" + ("s" if len(turn.covers) != 1 else "")
    if turn.outcome is None or turn.why is None:
        return f"turn {number}, {covered}: not ended"
    meaning = f" ({turn.why.meaning})" if turn.why.meaning else ""
    took = f" [{turn.ms} ms]" if turn.ms is not None else ""
    return f"turn {number}, {covered}: {turn.outcome}, {turn.why.code}{meaning}{took}"
