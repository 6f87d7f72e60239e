"""What a rebuild's end means for the person who ran it, and what to do next."""

from __future__ import annotations

import asyncpg

from consumers.rebuild.kept import kept
from consumers.rebuild.plan import Kind
from runtime.cli.rebuild_report import ReportPrinter


def stopped(kind: Kind, printer: ReportPrinter) -> str:
    """What stands, when somebody stopped it."""
    if kind is Kind.CHECK:
        return "stopped: nothing was changed, and nothing is left behind"
    if not printer.live:
        return "stopped: the live read models are as they were; the same command goes on"
    done = ", ".join(printer.live)
    return f"stopped: {done} done, the others are as they were; the same command goes on"


async def advices(
    pool: asyncpg.Pool, kind: Kind, printer: ReportPrinter, *, narrowed: bool, every: bool
) -> list[str]:
    """A sentence for each thing that a person may want to do next. `every`: all read models were meant."""
    found = []
    if kind is Kind.CHECK and printer.differing:
        names = ",".join(r.projection for r in printer.reports if not r.equal)
        found.append(
            f"To let the new rows stand: agent-runtime replay --projection {names}"
            f"{' with the same narrowing' if narrowed else ''}"
        )
    until = [one.keep_until for one in await kept(pool) if one.name in printer.live]
    if kind is Kind.REPLAY and not narrowed and until:
        which = "--all" if every else f"--projection {','.join(printer.live)}"
        found.append(
            f"What was replaced is kept until {min(until):%Y-%m-%d %H:%M:%SZ}; to put it back: "
            f"agent-runtime replay {which} --undo"
        )
    return found
