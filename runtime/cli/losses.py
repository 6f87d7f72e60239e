"""`agent-runtime groups losses` and `acknowledge-losses`: entries that a group never got."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from projections.statements import statements
from runtime.cli.acting import Actor, DryRun, actor, audit
from runtime.cli.context import Open, carry_out, opened, settings_or_exit
from runtime.cli.tables import Json, say, show

_SQL = statements("runtime.queries", "groups.sql")
_COLUMNS = ("group", "part", "lost", "reason", "after", "since", "noticed")

Group = Annotated[str | None, typer.Option(help="Only this consumer group.")]
Partition = Annotated[int | None, typer.Option(min=0, max=1023, help="Only this partition.")]


def losses(
    group: Group = None,
    partition: Partition = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were acknowledged.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List entries that were appended to a stream and that a group never got, newest first.

    They stand in /ready as degraded until they are acknowledged. Producers can publish the same
    events again: what was recorded has no second effect.

    Example: agent-runtime groups losses --all
    """
    settings = settings_or_exit()

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await _losses(open_, group, partition, everything=everything)
        told = rows if as_json else [_row(row) for row in rows]
        columns = (*_COLUMNS, "acknowledged") if everything else _COLUMNS
        show(told, title="losses", as_json=as_json, columns=columns, whole=("after",), absent="-")
        return 0

    carry_out(work)


def acknowledge_losses(
    group: Group = None,
    partition: Partition = None,
    dry_run: DryRun = False,
    as_: Actor = None,
) -> None:
    """Say that losses are known and dealt with: /ready no longer shows them. They stay recorded.

    Example: agent-runtime groups acknowledge-losses --group projections --as maria
    """
    settings = settings_or_exit()
    by = actor(as_)

    async def work() -> int:
        async with opened(settings) as open_:
            rows = await _losses(open_, group, partition, everything=False)
            show([_row(row) for row in rows], title="losses", as_json=False, columns=_COLUMNS)
            if dry_run or not rows:
                say(f"{len(rows)} losses would be acknowledged")
                return 0
            ids = [row["id"] for row in rows]
            async with open_.db.transaction():
                done = await open_.db.fetch(_SQL["acknowledge"], ids, by)
                told = {"group": group, "partition": partition, "ids": ids}
                await audit(
                    open_.db,
                    "groups acknowledge-losses",
                    by=by,
                    arguments=told,
                    affected=len(done),
                )
        say(f"{len(done)} losses acknowledged")
        return 0

    carry_out(work)


async def _losses(
    open_: Open, group: str | None, partition: int | None, *, everything: bool
) -> list[dict[str, Any]]:
    rows = await open_.db.fetch(_SQL["losses"], group, partition, everything)
    names = {"group_name": "group"}
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    seen = row["acknowledged_at"]
    return {
        "group": row["group"],
        "part": row["partition"],
        "lost": f"≥ {row['count']}" if row["at_least"] else row["count"],
        "reason": row["reason"],
        "after": row["after_entry_id"],
        "since": row["since"] or "unknown",
        "noticed": row["noticed_at"],
        "acknowledged": f"{seen:%Y-%m-%d %H:%M} {row['acknowledged_by']}" if seen else "no",
    }
