"""How answers are printed: a table for people, or one JSON object a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Columns = Sequence[str]

_PIPE_WIDTH = 200


class _Output(Console):
    """A console that does not end the program by itself when its reader has gone."""

    def on_broken_pipe(self) -> None:
        """As from any other write."""
        raise BrokenPipeError


def output() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a pipe."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Output(highlight=False) if known else _Output(highlight=False, width=_PIPE_WIDTH)


def leave_the_pipe() -> None:
    """After a `BrokenPipeError`: what is still unwritten goes nowhere, so that the end is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def show(
    rows: Sequence[Mapping[str, Any]],
    *,
    title: str,
    as_json: bool,
    columns: Columns | None = None,
    whole: Columns = (),
    absent: str = "unknown",
) -> None:
    """Print rows. JSON holds every field; the table those named in `columns`, or all.

    Columns in `whole` are never broken over lines. `absent` stands for None in the table.
    """
    if as_json:
        show_json(rows)
        return
    if not rows:
        output().print(Text(f"{title}: none"))
        return
    names = columns or tuple(rows[0])
    table = Table(
        title=Text(title),
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name in names:
        right = all(type(row[name]) in (int, float, type(None)) for row in rows)
        justify: JustifyMethod = "right" if right else "left"
        table.add_column(name, overflow="fold", justify=justify, no_wrap=name in whole)
    for row in rows:
        # As text, not markup: a dead letter may hold what looks like it.
        table.add_row(*(Text(_cell(row[name], absent)) for name in names))
    output().print(table)


def show_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one JSON object a line; times in UTC. They are out when it returns."""
    for row in rows:
        sys.stdout.write(orjson.dumps(row, default=str).decode() + "\n")
    sys.stdout.flush()


def say(text: str, *, prose: bool = False) -> None:
    """Print text as it is, without markup; only `prose` is broken into lines."""
    output().print(Text(text), soft_wrap=not prose)


def duration(seconds: float | None) -> str | None:
    """A time span in two units at most: `2 h 05 min`; None stays unknown."""
    if seconds is None:
        return None
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest_s:02} s"


def _cell(value: Any, absent: str) -> str:
    if value is None:
        return absent
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%MZ")
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
