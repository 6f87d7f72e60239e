"""Puts back rows of another version, which this build cannot feed: as they were, with their age.

Rows of this build's version are caught up before they take their place again: that is a plan of
kind `undo`, carried out like a replay.
"""

from __future__ import annotations

import asyncio

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.belongings import refuse_what_stays_behind, stands
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.replacing import (
    Change,
    WaitsFor,
    lock_tables,
    replace_tables,
    whom_to_wait_for,
    within,
)
from consumers.rebuild.scratch import unfinished
from projections.projection import Projection
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "undoing.sql")
_SWAP = statements("consumers.rebuild", "swapping.sql")
_KEPT = statements("consumers.rebuild", "kept.sql")
_ASIDE = "replay_put_back"
_REPLAYS = "replay_scratch"
_PAUSE_S = 0.5


async def put_back(
    pool: asyncpg.Pool,
    projection: Projection,
    *,
    keep_old_s: float,
    who: str,
    settings: RebuildSettings,
    waits_for: WaitsFor,
) -> int:
    """What a replay replaced stands again, where it stood then; the version that is live now.

    What stood until now is kept in its place. A build of the older version goes on feeding it.

    Raises:
        CannotRebuild: what others made stands in the way, or a replay was begun that has not ended;
            nothing was changed.
    """
    name = projection.name
    while True:
        try:
            async with pool.acquire() as conn, conn.transaction():
                bound = f"{int(settings.lock_timeout_s * 1000)}ms"
                await conn.execute(_SWAP["bound the swap"], bound)
                back = _PutBack(conn, projection, settings)
                return await back.run(keep_old_s, who)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            tables = [f"{table.schema}.{table.name}" for table in projection.tables]
            async with pool.acquire() as conn:
                waits_for(await whom_to_wait_for(conn, tables, schema=kept_schema(name)))
            await asyncio.sleep(_PAUSE_S)


class _PutBack:
    """One try, in one transaction."""

    def __init__(self, conn: Connection, projection: Projection, settings: RebuildSettings) -> None:
        self._conn = conn
        self._projection = projection
        self._settings = settings

    async def run(self, keep_old_s: float, who: str) -> int:
        conn, name = self._conn, self._projection.name
        if title := await unfinished(conn, _REPLAYS):
            raise CannotRebuild(f"{title} was begun and has not ended: let it end, or --abandon it")
        kept = kept_schema(name)
        (now,) = await conn.fetch(_SQL["installed"], name)
        version, group = now["version"], now["group_name"]
        partitions = [row["partition"] for row in await conn.fetch(_SWAP["group positions"], group)]
        batches_s = self._settings.batches_timeout_s
        await within(conn, _SWAP["lock owners"], group, partitions, within_s=batches_s)
        await conn.execute(filled(_SQL["set aside"], kept=kept, aside=_ASIDE))
        await conn.execute(filled(_SWAP["keep the old"], kept=kept))
        await conn.execute(
            filled(_SWAP["keep standing"], kept=kept), name, version, keep_old_s, who
        )
        await conn.execute(filled(_SWAP["keep checkpoints"], kept=kept), name, version)
        await conn.execute(filled(_SWAP["keep parked"], kept=kept), group, name)
        (old,) = await conn.fetch(filled(_SQL["fingerprint"], aside=_ASIDE))
        await self._tables(kept, version, old["version"])
        await conn.execute(_SWAP["retire"], name)
        await conn.execute(_SWAP["install"], name, old["version"], old["fingerprint"], group)
        checkpoints = filled(_SWAP["put back checkpoints"], kept=_ASIDE)
        await conn.execute(checkpoints, name, old["version"])
        await conn.execute(_SWAP["forget parked"], group, name)
        await conn.execute(filled(_SWAP["take parked"], source=_ASIDE), group, name)
        await conn.execute(filled(_KEPT["drop"], kept=_ASIDE))
        if keep_old_s <= 0:
            await conn.execute(filled(_KEPT["drop"], kept=kept))
        return int(old["version"])

    async def _tables(self, kept: str, version: int, back: int) -> None:
        """Change the tables behind the public views, and the views."""
        conn = self._conn
        changes, within_s = await self._changes(version, back), self._settings.lock_timeout_s
        await lock_tables(conn, changes, schema=_ASIDE, within_s=within_s)
        for change in changes:
            if change.old is not None:
                place, _, table = (change.new or "").partition(".")
                moves_to = f"{change.public.partition('.')[0]}.{table}" if place else None
                await refuse_what_stays_behind(
                    conn, change.old, public=change.public, moves_to=moves_to
                )
        await replace_tables(conn, changes, kept=kept, schema=_ASIDE)

    async def _changes(self, version: int, back: int) -> list[Change]:
        """Of the tables of both versions: those whose views are kept, and this build's."""
        conn = self._conn
        rows = await conn.fetch(filled(_SQL["kept views"], aside=_ASIDE))
        views = {row["name"]: row["definition"] for row in rows}
        declared = {f"{table.schema}.{table.name}" for table in self._projection.tables}
        found = []
        for public in sorted(views.keys() | declared):
            old = f"{public}_v{version}"
            view = f"{_ASIDE}.{public.partition('.')[2]}"
            new = f"{view}_v{back}"
            change = Change(
                public=public,
                old=old if await stands(conn, old) else None,
                new=new if await stands(conn, new) else None,
                view=(
                    filled(_SQL["make view"], view=public) + views[public]
                    if views.get(public)
                    else None
                ),
                kept_view=view if await stands(conn, view) else None,
            )
            if change.old is not None or change.new is not None:
                found.append(change)
        return found
