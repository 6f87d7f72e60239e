"""What a selection of the log touches: its conversations, and the sums that its events are part of."""

from __future__ import annotations

from collections.abc import Sequence

from consumers.leased import Connection
from consumers.logged_events import from_log
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import Shadow, qualified
from consumers.selection import Selection, slices
from events.payload import NewerVersion, Unreadable
from projections.migrate import physical_name
from projections.projection import Projection, Table, TableKind
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "narrowing.sql")
_PAGE = 2000
FILLING = "filling"


def sums(projection: Projection) -> bool:
    """Whether the read model's rows are sums over conversations.

    Raises:
        CannotRebuild: some of its tables are and others are not.
    """
    kinds = {table.kind for table in projection.tables}
    if len(kinds) > 1:
        raise CannotRebuild(
            f"{projection.name} has sums and other rows: it can only be rebuilt as a whole"
        )
    return kinds == {TableKind.SUM}


def keys_table(shadow: Shadow, table: Table) -> str:
    """Where the keys of a sum's touched rows are."""
    return f"{shadow.schema}.keys_{physical_name(table, shadow.version)}"


async def note_touched(scratch: Scratch, selection: Selection, shadows: Sequence[Shadow]) -> int:
    """Write down the touched conversations, and the keys of touched sums; how many conversations.

    All or nothing; done again it gives what holds then.
    """
    async with scratch.holding() as conn:
        await conn.execute(_sql("forget what was touched", scratch))
        parts = await slices(conn, selection)
        for one in parts:
            await conn.execute(
                _sql("touch", scratch),
                *(one.partition, one.after, one.up_to),
                *one.filters(selection),
            )
        for shadow in shadows:
            if sums(shadow.of):
                await _note_keys(conn, shadow, selection)
        await conn.execute(_sql("untouched partitions", scratch))
        await conn.execute(_sql("untouched accounts", scratch))
        await conn.execute(scratch.sql("enter"), scratch.token, FILLING)
        count: int = await conn.fetchval(_sql("how many touched", scratch))
        return count


async def touch_who_waits(
    conn: Connection, scratch: Scratch, shadow: Shadow, *, replaces: int
) -> None:
    """Of companies with parked events, live or in the shadow, let all sums be touched.

    Their parked events are exchanged as a whole: sums that were left as they are would lose what
    waits no more, or get twice what waits again.
    """
    for live, table in shadow.pairs():
        if table.kind is TableKind.SUM:
            sql = filled(
                _SQL["touch all of who waits"],
                keys=keys_table(shadow, table),
                key=table.columns[: table.key],
                live=qualified(live, replaces),
                shadow=qualified(table, shadow.version),
                touched=f"{scratch.schema}.touched",
                parked=f"{scratch.schema}.parked",
            )
            await conn.execute(sql, scratch.group, shadow.name)


async def leave_only_touched(conn: Connection, shadow: Shadow) -> None:
    """Take the rows of untouched keys out of a shadow of sums."""
    for table in shadow.tables:
        if table.kind is TableKind.SUM:
            key = table.columns[: table.key]
            await conn.execute(
                filled(
                    _SQL["leave only the keys"],
                    shadow=qualified(table, shadow.version),
                    keys=keys_table(shadow, table),
                    key=key,
                    t_key=[f"t.{column}" for column in key],
                )
            )


async def _note_keys(conn: Connection, shadow: Shadow, selection: Selection) -> None:
    for table in shadow.tables:
        sql = filled(
            _SQL["create keys"],
            keys=keys_table(shadow, table),
            key=table.columns[: table.key],
            shadow=qualified(table, shadow.version),
        )
        await conn.execute(sql)
    for one in await slices(conn, selection):
        for after in range(one.after, one.up_to, _PAGE):
            rows = await conn.fetch(
                _SQL["selected events"],
                *(one.partition, after, min(after + _PAGE, one.up_to)),
                *one.filters(selection),
                sorted(shadow.reads),
            )
            events = [from_log(row, one.partition) for row in rows]
            readable = [
                r for r in events if not isinstance(r.event.payload, NewerVersion | Unreadable)
            ]
            changes = shadow.fold({}, readable)
            for table in shadow.tables:
                await conn.copy_records_to_table(
                    f"keys_{physical_name(table, shadow.version)}",
                    schema_name=shadow.schema,
                    columns=table.columns[: table.key],
                    records=sorted(changes.get(table.name, {})),
                )


def _sql(name: str, scratch: Scratch) -> str:
    return filled(_SQL[name], scratch=scratch.schema)
