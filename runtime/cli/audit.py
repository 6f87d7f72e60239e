"""`agent-runtime audit`: what commands have changed, and who ran them."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from projections.statements import statements
from runtime.cli.context import carry_out, opened, settings_or_exit
from runtime.cli.tables import Json, show

_SQL = statements("runtime.queries", "audit.sql")

audit = typer.Typer(help="What commands have changed, and who ran them.", no_args_is_help=True)


@audit.command("list")
def audit_list(
    action: Annotated[
        str | None, typer.Option(help="Only this command, or all of this noun.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what was changed by commands, newest first: when, who, what, how much.

    Example: agent-runtime audit list --action "parked discard"
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = [dict(row) for row in await open_.db.fetch(_SQL["list"], action, limit)]
        for row in rows:
            told = orjson.loads(row["arguments"])
            words = " ".join(f"{key}={value}" for key, value in told.items())
            row["arguments"] = told if as_json else words
        columns = ("at", "actor", "action", "arguments", "affected")
        show(rows, title="audit", as_json=as_json, columns=columns)
        return 0

    carry_out(work)
