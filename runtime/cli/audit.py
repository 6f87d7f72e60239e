"""`agent-runtime audit`: what commands have changed, and who ran them."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from projections.statements import statements
from runtime.cli.context import carry_out, opened, settings_or_exit
from runtime.cli.tables import Json, show

_SQL = statements("runtime.queries", "audit.sql")
_SHOWN = 3

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
            row["arguments"] = told if as_json else " ".join(_word(*pair) for pair in told.items())
        columns = ("at", "actor", "action", "arguments", "affected")
        show(rows, title="audit", as_json=as_json, columns=columns, whole=("at",))
        return 0

    carry_out(work)


def _word(name: str, value: Any) -> str:
    if isinstance(value, list):
        more = f" and {len(value) - _SHOWN} more" if len(value) > _SHOWN else ""
        return f"{name}={','.join(map(str, value[:_SHOWN]))}{more}"
    return f"{name}={value}"
