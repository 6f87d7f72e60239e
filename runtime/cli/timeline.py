"""`agent-runtime conversations timeline`: what led to what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from runtime.cli.context import WRONG_USE, carry_out, errors, fail, opened, settings_or_exit
from runtime.cli.its_company import Company, Id, company_of
from runtime.cli.moments import parse_time
from runtime.cli.tables import Json, output, say, show_json
from runtime.history.drawing import drawn, objects
from runtime.history.timeline import timeline


def conversations_timeline(
    conversation_id: Id,
    company: Company = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=parse_time,
            metavar="TIME",
            help="Recorded at or after this time (RFC 3339; UTC without an offset).",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=parse_time, metavar="TIME", help="Recorded at or before this time."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most so many events of its own: the newest.")
    ] = 500,
    alone: Annotated[
        bool, typer.Option("--alone", help="Look for effects in no other conversation.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what led to what: events as trees, oldest first, below each those that it led to.

    An event is below the one that its causation_id names; without a cause, below the oldest with its
    correlation_id. Causes, and effects within a day, are also shown where they are in other
    conversations of the company.

    Example: agent-runtime conversations timeline 5511987654321 --since 2026-11-02T12:00:00Z
    """
    if since is not None and until is not None and since > until:
        fail("--since is later than --until: nothing is between them", code=WRONG_USE)
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            scope = (await company_of(open_, conversation_id, company), conversation_id)
            found = await timeline(
                open_.db, scope, since=since, until=until, limit=limit, alone=alone
            )
        if as_json:
            show_json(list(objects(found.nodes)))
        elif found.nodes:
            output().print(drawn(found.nodes, scope))
        else:
            say(f"conversation {scope[1]} of company {scope[0]}: no event of it in that time")
        for left_out in found.cut:
            errors.print(left_out, markup=False)
        return 0

    carry_out(work)
