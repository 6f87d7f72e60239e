"""`agent-runtime bench`: how fast it is, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.bench.scenarios import EVENTS, QUICK, SCENARIOS
from runtime.cli.context import WRONG_USE, fail
from runtime.cli.tables import Json


def bench(
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", help=f"One of {', '.join(SCENARIOS)}; may be repeated. All."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="A sixth of the time, and of the events; where no scenario is named, of "
            f"{', '.join(QUICK)} alone, in less than a minute.",
        ),
    ] = False,
    repeat: Annotated[
        int, typer.Option(min=1, max=100, help="Run each so often; medians are told too.")
    ] = 1,
    events: Annotated[
        int, typer.Option(min=10, help="rebuild, consume, publish, memory, growth: so many events.")
    ] = EVENTS,
    conversations: Annotated[
        int | None,
        typer.Option(
            min=1, help="Of them: over so many conversations; else as the corpus has them."
        ),
    ] = None,
    companies: Annotated[
        int | None,
        typer.Option(min=1, help="Of them: of so many companies; else as the corpus has them."),
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Of them: copy these events, one a line, gzip where it ends in .gz; else the demo's.",
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="An empty Postgres instead of a private one."),
    ] = None,
    redis_url: Annotated[
        str | None, typer.Option("--redis-url", help="An empty Redis instead of a private one.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Draw rates and delays into this SVG file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast turns, events and rebuilds are, and what the service takes meanwhile.

    Starts private servers in a temporary folder, or takes given ones, both URLs together, and only
    when they hold nothing at all. A real `serve` runs in a process of its own, with the settings of
    the environment; the model and the channel are stand-ins of the bench. Streams and logs are
    filled with copies of a few conversations. docs/explanation/performance.md
    says what each figure means.

    Example: agent-runtime bench --scenario turns --quick
    """
    names = scenario or list(QUICK if quick else SCENARIOS)
    if unknown := sorted(set(names) - set(SCENARIOS)):
        fail(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}", code=WRONG_USE)
    if (database_url is None) != (redis_url is None):
        fail("give --database-url and --redis-url together, or neither", code=WRONG_USE)
    if plot is not None and plot.suffix.lower() != ".svg":
        fail(f"--plot {plot}: what is drawn is an SVG; give it a name with .svg", code=WRONG_USE)
    # What a bench needs is half of the program: other commands do not wait for it.
    from runtime.bench.log_events import LogShape
    from runtime.cli.benching import Wish, measure

    measure(
        Wish(
            names=names,
            quick=quick,
            repeat=repeat,
            log=LogShape(events, conversations, corpus, companies),
            database_url=database_url,
            redis_url=redis_url,
            plot=plot,
            as_json=as_json,
        )
    )
