"""`agent-runtime bench`: how fast it is, on this machine."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime.bench.figures import Figure
from runtime.bench.log_events import EVENTS, CorpusInvalid, LogShape
from runtime.bench.measured_process import ProcessFailed
from runtime.bench.plot import save_plot
from runtime.bench.progress import Progress
from runtime.bench.run import QUICK, SCENARIOS, Report, given_servers, own_servers, run
from runtime.bench.servers import NotEmpty
from runtime.bench.service import ServiceFailed
from runtime.cli.context import WRONG_USE, carry_out, errors, fail, settings_or_exit
from runtime.cli.tables import Json, say, show, show_json
from runtime.embedded import EmbeddedError
from runtime.redaction import Redactor
from runtime.settings import Settings


def bench(
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", help=f"One of {', '.join(SCENARIOS)}; may be repeated. All."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A sixth of the time, and of the events.")
    ] = False,
    repeat: Annotated[
        int, typer.Option(min=1, max=100, help="Run each so often; medians are told too.")
    ] = 1,
    events: Annotated[
        int, typer.Option(min=10, help="rebuild, consume, publish, memory: so many events.")
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
    names = scenario or list(SCENARIOS)
    if unknown := sorted(set(names) - set(SCENARIOS)):
        fail(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}", code=WRONG_USE)
    if (database_url is None) != (redis_url is None):
        fail("give --database-url and --redis-url together, or neither", code=WRONG_USE)
    settings = _settings(database_url, redis_url)
    servers = own_servers if database_url is None else given_servers
    try:
        with servers(settings) as (own, folder):

            async def work() -> int:
                try:
                    report = await run(
                        own,
                        names,
                        folder=folder,
                        progress=Progress(errors),
                        scale=QUICK if quick else 1.0,
                        repeat=repeat,
                        log=LogShape(events, conversations, corpus, companies),
                    )
                except (NotEmpty, ServiceFailed, ProcessFailed, CorpusInvalid) as error:
                    fail(str(error))
                _tell(report, as_json=as_json)
                _draw(report, plot)
                return 0

            carry_out(work)
    except EmbeddedError as error:
        fail(str(error))


def _settings(database_url: str | None, redis_url: str | None) -> Settings:
    """The environment's, but for what a bench cannot do without."""
    urls = {"SUPABASE_DB_URL": database_url or "", "REDIS_URL": redis_url or ""}
    return settings_or_exit(
        embedded=database_url is None,
        DISABLE_CONNECTIONS="false",
        DISABLE_WORKERS="false",
        HOST="127.0.0.1",
        PORT="0",
        LOG_LEVEL="warning",
        CREDENTIALS_KEY=base64.b64encode(os.urandom(32)).decode(),
        CREDENTIALS_KEY_PREVIOUS="",
        **urls,
    )


def _tell(report: Report, *, as_json: bool) -> None:
    if as_json:
        show_json(report.rows())
        return
    if report.figures:
        show([_row(line) for line in report.figures], title="bench", as_json=False, absent="-")
    if report.rates:
        rates = [line.as_row() for line in report.rates]
        show(rates, title="bench", as_json=False, whole=["case"], absent="-")
    say(str(report.machine))
    # What is told is handed on: servers' passwords are not part of it.
    say(Redactor().text(f"agent-runtime {' '.join(sys.argv[1:])}"))


def _draw(report: Report, plot: Path | None) -> None:
    if plot is None:
        return
    try:
        save_plot(plot, report.figures, report.rates, told=str(report.machine))
    except OSError as error:
        fail(f"{plot}: {error.strerror or error}")


def _row(line: Figure) -> dict[str, str | int | float | None]:
    met = {True: "yes", False: "no", None: None}[line.is_met]
    return {
        "scenario": line.scenario,
        "case": line.case,
        "answers": line.count,
        "unit": line.unit,
        "p50": line.p50,
        "p95": line.p95,
        "p99": line.p99,
        "target": str(line.target) or None,
        "met": met,
        "unanswered": line.unanswered,
        "cpu ms an answer": line.cpu_ms,
        "load": line.load,
    }
