"""Puts back rows of another version, which this build cannot feed: as they were, with their age.

Rows of this build's version are caught up before they take their place again: that is a plan of
kind `undo`, carried out like a replay.
"""

from __future__ import annotations

import asyncio

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.belongings import views_of_view, views_over
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.scratch import unfinished
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "undoing.sql")
_SWAP = statements("consumers.rebuild", "swapping.sql")
_KEPT = statements("consumers.rebuild", "kept.sql")
_ASIDE = "replay_put_back"
_REPLAYS = "replay_scratch"
_PAUSE_S = 0.5


async def put_back(
    pool: asyncpg.Pool, name: str, *, keep_old_s: float, who: str, settings: RebuildSettings
) -> int:
    """What a replay replaced stands again, where it stood then; the version that is live now.

    What stood until now is kept in its place. A build of the older version goes on feeding it.

    Raises:
        CannotRebuild: other views stand on columns that the older version lacks, or a replay was
            begun that has not ended.
    """
    while True:
        try:
            async with pool.acquire() as conn, conn.transaction():
                within = f"{int(settings.lock_timeout_s * 1000)}ms"
                await conn.execute(_SWAP["bound the swap"], within)
                return await _put_back(conn, name, keep_old_s, who)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(_PAUSE_S)


async def _put_back(conn: Connection, name: str, keep_old_s: float, who: str) -> int:
    if title := await unfinished(conn, _REPLAYS):
        raise CannotRebuild(f"{title} was begun and has not ended: let it end, or --abandon it")
    kept = kept_schema(name)
    (now,) = await conn.fetch(_SQL["installed"], name)
    version, group = now["version"], now["group_name"]
    partitions = [row["partition"] for row in await conn.fetch(_SWAP["group positions"], group)]
    await conn.execute(_SWAP["lock owners"], group, partitions)
    await conn.execute(filled(_SQL["set aside"], kept=kept, aside=_ASIDE))
    views = {
        row["name"]: row["definition"]
        for row in await conn.fetch(filled(_SQL["kept views"], aside=_ASIDE))
    }
    for view in sorted(views):
        await conn.execute(filled(_SWAP["lock for readers"], view=view))
    await conn.execute(filled(_SWAP["keep the old"], kept=kept))
    await conn.execute(filled(_SWAP["keep standing"], kept=kept), name, version, keep_old_s, who)
    await conn.execute(filled(_SWAP["keep checkpoints"], kept=kept), name, version)
    await conn.execute(filled(_SWAP["keep parked"], kept=kept), group, name)
    await _tables(conn, kept, views)
    (old,) = await conn.fetch(filled(_SQL["fingerprint"], aside=_ASIDE))
    await conn.execute(_SWAP["retire"], name)
    await conn.execute(_SWAP["install"], name, old["version"], old["fingerprint"], group)
    checkpoints = filled(_SWAP["put back checkpoints"], kept=_ASIDE)
    await conn.execute(checkpoints, name, old["version"])
    await conn.execute(_SWAP["forget parked"], group, name)
    await conn.execute(filled(_SWAP["take parked"], source=_ASIDE), group, name)
    await conn.execute(filled(_KEPT["drop"], kept=_ASIDE))
    return int(old["version"])


async def _tables(conn: Connection, kept: str, views: dict[str, str]) -> None:
    """Change the tables behind the public views, and the views."""
    behind = {
        row["view"]: row["table"] for row in await conn.fetch(_SQL["tables of views"], list(views))
    }
    belongings = {
        view: await views_over(conn, table, public=view, schema=_ASIDE)
        for view, table in behind.items()
    }
    for view, table in behind.items():
        await conn.execute(filled(_SWAP["keep view"], kept=kept), view)
        await conn.execute(filled(_SWAP["move table"], table=table, schema=kept))
    for row in await conn.fetch(_SQL["kept tables"], _ASIDE):
        table = f"{_ASIDE}.{row['name']}"
        schema = next(iter(views)).partition(".")[0]
        await conn.execute(filled(_SWAP["move table"], table=table, schema=schema))
    for view, definition in views.items():
        await _view(conn, view, definition)
        for command in [*belongings[view].public, *belongings[view].others]:
            await conn.execute(command)


async def _view(conn: Connection, view: str, definition: str) -> None:
    create = filled(_SQL["make view"], view=view) + definition
    try:
        async with conn.transaction():
            await conn.execute(create)
    except asyncpg.InvalidTableDefinitionError:
        if others := await views_of_view(conn, view):
            raise CannotRebuild(
                f"the older version of {view} has other columns, and {', '.join(others)} stands on "
                "it: drop that first, and make it again after"
            ) from None
        await conn.execute(filled(_SWAP["drop view"], view=view))
        await conn.execute(create)
