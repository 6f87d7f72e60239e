"""Puts tables in the place of others, with their views, in the caller's transaction.

What stood is moved to the schema of what is kept; the public views stay, or are made again where
their columns are others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.belongings import (
    Views,
    carry_out,
    hand_on,
    stands,
    views_naming,
    views_over,
    what_stands_on,
)
from consumers.rebuild.errors import CannotRebuild
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "replacing.sql")
_FROZEN_AFTER = "60s"
"""As long as whoever is frozen within a transaction may keep it open."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A session that is waited for."""

    pid: int
    program: str
    open_s: float


WaitsFor = Callable[[Sequence[Reader]], None]
"""Is told who is in the way."""


@dataclass(frozen=True, slots=True)
class Change:
    """One table's. Names are qualified.

    `old`: the table behind the public view that makes room, `new`: the one that takes its place,
    `view`: the command that makes the public view over it; None where a version has no such table.
    `kept_view`: the view over `new` that was put aside because its columns are others.
    """

    public: str
    old: str | None
    new: str | None
    view: str | None
    kept_view: str | None = None


async def lock_tables(
    conn: Connection, changes: Sequence[Change], *, schema: str, within_s: float
) -> None:
    """Lock what changes, all of it within that time; `schema`: the rebuild's own.

    Views first, then the tables behind them: as readers do, so that nobody waits in a circle.

    Raises:
        asyncpg.LockNotAvailableError: somebody reads it.
    """
    views: list[str] = []
    for change in changes:
        if change.old is not None:
            views += await views_naming(conn, change.old, public=change.public, schema=schema)
        if await stands(conn, change.public):
            views.append(change.public)
    if views:
        sql = await conn.fetchval(_SQL["lock command"], views)
        await within(conn, sql, within_s=within_s)


async def within(conn: Connection, sql: str, *parameters: object, within_s: float) -> None:
    """Carry a statement out that waits for locks, together not longer than that.

    Raises:
        asyncpg.LockNotAvailableError: it would take longer; the transaction has failed.
    """
    bound = f"{max(1, int(within_s * 1000))}ms"
    await conn.execute(_SQL["bound waiting"], bound, bound)
    try:
        await conn.execute(sql, *parameters)
    except asyncpg.QueryCanceledError as error:
        raise asyncpg.LockNotAvailableError(str(error)) from error
    await conn.execute(_SQL["bound waiting"], bound, "0")


async def replace_tables(
    conn: Connection, changes: Sequence[Change], *, kept: str, schema: str
) -> None:
    """Move the old ones to `kept`, the new ones to their place, and mend the views.

    Raises:
        CannotRebuild: what others made stands in the way; the transaction has failed.
    """
    views = {
        change.public: await views_over(conn, change.old, public=change.public, schema=schema)
        for change in changes
        if change.old is not None
    }
    for change in changes:
        await conn.execute(filled(_SQL["keep view"], kept=kept), change.public)
        if change.old is not None:
            await conn.execute(filled(_SQL["move table"], table=change.old, schema=kept))
    for change in changes:
        if change.new is not None:
            place = change.public.partition(".")[0]
            await conn.execute(filled(_SQL["move table"], table=change.new, schema=place))
    for change in changes:
        await _mend_view(conn, change, views.get(change.public), kept)
    for one in views.values():
        await carry_out(conn, one.others)


async def _mend_view(conn: Connection, change: Change, views: Views | None, kept: str) -> None:
    if change.view is None or change.kept_view is not None:
        await _take_view_s_place(conn, change, kept)
        return
    try:
        async with conn.transaction():
            await conn.execute(change.view)
    except asyncpg.InvalidTableDefinitionError:
        await _take_view_s_place(conn, change, kept)
    else:
        await carry_out(conn, views.public if views is not None else ())


async def _take_view_s_place(conn: Connection, change: Change, kept: str) -> None:
    """A view cannot lose columns: it is put aside, with all that others gave it, for another one."""
    place, _, name = change.public.partition(".")
    there = await stands(conn, change.public)
    if there:
        await _refuse_others(conn, change.public)
        await conn.execute(filled(_SQL["move view"], view=change.public, schema=kept))
    if change.kept_view is not None:
        await conn.execute(filled(_SQL["move view"], view=change.kept_view, schema=place))
    elif change.view is not None:
        await conn.execute(change.view)
    if there and change.view is not None:
        await hand_on(conn, f"{kept}.{name}", to=change.public)


async def _refuse_others(conn: Connection, public: str) -> None:
    if on := await what_stands_on(conn, public):
        raise CannotRebuild(
            f"the other version of {public} has other columns, and {', '.join(on)} stands on it: "
            "drop that first, and make it again after"
        )


async def refuse_other_columns(conn: Connection, change: Change, *, within_s: float) -> None:
    """Find out whether what stands on the public view could stay; nothing is changed.

    Raises:
        CannotRebuild: it could not.
    """
    if change.view is None or not await what_stands_on(conn, change.public):
        return
    try:
        async with undone(conn):
            await within(conn, change.view, within_s=within_s)
    except asyncpg.InvalidTableDefinitionError:
        await _refuse_others(conn, change.public)
    except asyncpg.LockNotAvailableError:
        return  # readers go first; the swap finds out


@asynccontextmanager
async def undone(conn: Connection) -> AsyncIterator[None]:
    """A transaction of which nothing stays."""
    tried = conn.transaction()
    await tried.start()
    try:
        yield
    finally:
        await tried.rollback()


async def whom_to_wait_for(
    conn: Connection, relations: Sequence[str], *, schema: str = ""
) -> list[Reader]:
    """Whose transactions hold any of these, or what is in the schema; the oldest first.

    A process that is frozen between a statement and its values holds the statement's tables. For
    Postgres it is at work, so the time-out of idle transactions does not see it: such a session of
    this role is ended here.

    Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
    """
    held = list(relations), schema
    await conn.execute(_SQL["end who is frozen"], *held, _FROZEN_AFTER)
    return [
        Reader(row["pid"], row["program"], row["open_s"] or 0.0)
        for row in await conn.fetch(_SQL["who reads"], *held)
    ]
