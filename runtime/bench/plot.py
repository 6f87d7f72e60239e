"""A picture of what was measured: bars, as SVG, drawn by the library that draws the tables."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runtime.bench.figures import Figure
from runtime.bench.rates import Rate

_WIDTH, _BAR = 120, 40
_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def save_plot(path: Path, figures: Sequence[Figure], rates: Sequence[Rate], *, told: str) -> None:
    """Write it: a row a line of the report that has a rate or a p50 and p99, `told` below.

    Bars of one scenario and unit have one scale. Raises `OSError` where it cannot be written.
    """
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for title, bars in _groups(figures, rates):
        most = max(value for _, value in bars) or 1.0
        table = Table(title=Text(title), title_justify="left", box=box.SIMPLE, show_header=False)
        for case, value in bars:
            shown = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
            table.add_row(Text(case), Bar(most, 0, value, width=_BAR, color="cyan"), Text(shown))
        console.print(table)
    console.print(Text(told))
    # Rich names fonts of a server elsewhere; a picture of ours asks nobody for anything.
    drawn = _FONTS.sub("", console.export_svg(title="agent-runtime bench"))
    path.write_text(drawn, encoding="utf-8")


def _groups(
    figures: Sequence[Figure], rates: Sequence[Rate]
) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for line in figures:
        for name, value in (("p50", line.p50), ("p99", line.p99)):
            if value is not None:
                title = f"{line.scenario}, {line.unit}"
                found.setdefault(title, []).append((f"{line.case}: {name}", value))
    for rate in rates:
        if rate.unit == "events/s":
            found.setdefault(f"{rate.scenario}, {rate.unit}", []).append((rate.case, rate.value))
    yield from found.items()
