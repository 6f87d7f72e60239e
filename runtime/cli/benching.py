"""Carrying out a bench for the command line, and telling what it gave."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.bench.figures import Figure
from runtime.bench.log_events import CorpusInvalid, LogShape
from runtime.bench.measured_process import ProcessFailed
from runtime.bench.plot import save_plot
from runtime.bench.progress import Progress
from runtime.bench.run import QUICK, Report, given_servers, own_servers, run
from runtime.bench.servers import NotEmpty
from runtime.bench.service import ServiceFailed
from runtime.cli.context import carry_out, errors, fail, settings_or_exit
from runtime.cli.tables import say, show, show_json
from runtime.embedded import EmbeddedError
from runtime.redaction import Redactor
from runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. URLs are both given or both None."""

    names: Sequence[str]
    quick: bool
    repeat: int
    log: LogShape
    database_url: str | None
    redis_url: str | None
    plot: Path | None
    as_json: bool


def measure(wish: Wish) -> None:
    """Measure, tell and end."""
    settings = settings_of_a_bench(wish.database_url, wish.redis_url)
    servers = own_servers if wish.database_url is None else given_servers
    try:
        with servers(settings) as (own, folder):

            async def work() -> int:
                try:
                    report = await run(
                        own,
                        wish.names,
                        folder=folder,
                        progress=Progress(errors),
                        scale=QUICK if wish.quick else 1.0,
                        repeat=wish.repeat,
                        log=wish.log,
                    )
                except (NotEmpty, ServiceFailed, ProcessFailed, CorpusInvalid) as error:
                    fail(str(error))
                _tell(report, as_json=wish.as_json)
                _draw(report, wish.plot)
                return 0

            carry_out(work)
    except EmbeddedError as error:
        fail(str(error))


def settings_of_a_bench(database_url: str | None, redis_url: str | None) -> Settings:
    """The environment's, but for what a bench cannot do without."""
    urls = {"SUPABASE_DB_URL": database_url or "", "REDIS_URL": redis_url or ""}
    settings = settings_or_exit(
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
    if "processes" in settings.model_fields_set:
        return settings
    # So that figures of different machines can be compared.
    return settings.model_copy(update={"processes": 1})


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
