"""The command line: `agent-runtime …`. Exit codes: 0 done, 1 failed, 2 wrong use."""

from __future__ import annotations

from typing import Annotated, ClassVar

import typer

from runtime.cli.context import carry_out, errors, opened, settings_or_exit
from runtime.cli.on_demand import GroupOnDemand


class _Commands(GroupOnDemand):
    """Those below, and these."""

    places: ClassVar[dict[str, str]] = {
        name: f"runtime.cli.{name.replace('-', '_')}"
        for name in (
            *("publish", "replay", "bench", "events", "conversations", "projections", "groups"),
            *("streams", "parked", "dead-letters", "audit", "companies"),
        )
    }


app = typer.Typer(
    name="agent-runtime",
    cls=_Commands,
    help="Turns domain events on Redis Streams into an event log and read models in Postgres.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def serve(
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start private servers, data in .agent-runtime/.")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Consumer processes (else PROCESSES).")
    ] = None,
) -> None:
    """Consume, and serve /health, /ready and /metrics, until SIGTERM or Ctrl-C.

    Example: agent-runtime serve --embedded --processes 2
    """
    from runtime.serve import run

    overrides = {} if processes is None else {"PROCESSES": str(processes)}
    raise typer.Exit(run(settings_or_exit(embedded=embedded, **overrides), embedded=embedded))


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is missing; exit 1 if anything is.")
    ] = False,
) -> None:
    """Bring the database up to date and record the number of partitions in Redis.

    Example: agent-runtime migrate --check
    """
    from consumers.topology import record_topology
    from projections import migrate as migrations
    from projections.drift import drifts

    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            if check:
                problems = await migrations.check(open_.db)
                if not problems:
                    problems = [drift.told() for drift in await drifts(open_.db) if drift.asks]
                for problem in problems:
                    errors.print(problem, markup=False)
                typer.echo("up to date" if not problems else f"{len(problems)} problems")
                return 1 if problems else 0
            done = await migrations.migrate(
                open_.db, partitions=settings.partitions, stream_prefix=settings.stream_prefix
            )
            await record_topology(open_.db, open_.redis)
        for step in done:
            typer.echo(f"applied {step}")
        typer.echo("up to date")
        return 0

    carry_out(work)


@app.command()
def demo(
    stay: Annotated[
        bool, typer.Option("--serve", help="Stay up afterwards, with the sidecar on PORT.")
    ] = False,
) -> None:
    """Show the whole cycle on private servers: publish, consume, read models; then a bot that answers.

    Example: agent-runtime demo --serve
    """
    from runtime.demo.show import run_demo

    raise typer.Exit(run_demo(stay=stay))


def main() -> None:
    """The entry point of `agent-runtime`."""
    app()
