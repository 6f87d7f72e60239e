"""What replays replaced, for as long as an undo may want it: a schema `replaced_NAME` each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.scratch import Scratch
from projections.migrate import physical_name
from projections.projection import Projection
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "kept.sql")


@dataclass(frozen=True, slots=True)
class Kept:
    """A read model's replaced tables. Times are the database's."""

    name: str
    version: int
    replaced_at: datetime
    keep_until: datetime
    replaced_by: str
    is_over: bool


async def kept(conn: Any) -> list[Kept]:
    """All of them, by name."""
    found = []
    for row in await conn.fetch(_SQL["kept"]):
        name = row["name"]
        try:
            one = await conn.fetchrow(filled(_SQL["standing"], kept=kept_schema(name)))
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            continue  # dropped in between
        if one is not None:
            found.append(
                Kept(
                    name,
                    one["version"],
                    one["replaced_at"],
                    one["keep_until"],
                    one["replaced_by"],
                    one["is_over"],
                )
            )
    return found


async def drop_expired(pool: asyncpg.Pool) -> list[str]:
    """Drop what is kept no longer; the names of what was. What somebody reads just now stays."""
    async with pool.acquire() as conn:
        over = [one.name for one in await kept(conn) if one.is_over]
        dropped = []
        for name in over:
            try:
                async with conn.transaction():
                    await conn.execute(_SQL["bound waiting"])
                    await conn.execute(filled(_SQL["drop"], kept=kept_schema(name)))
            except (asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError):
                continue  # somebody reads it, or it is another role's to drop
            dropped.append(name)
    return dropped


async def take_kept(scratch: Scratch, projection: Projection) -> None:
    """Let what was replaced be the run's shadow, to be caught up and put in its place again.

    What is known of it stays where it is kept until the swap: dropped, the run gives it back.

    Raises:
        CannotRebuild: nothing is kept, or it is of another version.
    """
    schema = kept_schema(projection.name)
    places = {"kept": schema, "scratch": scratch.schema}
    async with scratch.holding() as conn:
        await conn.execute(filled(_SQL["fill from what was kept"], **places))
        accounts = filled(_SQL["accounts from what was kept"], **places)
        await conn.execute(accounts, projection.name)
        await conn.execute(filled(_SQL["parked from what was kept"], **places))
        await conn.execute(filled(_SQL["made by whom was kept"], **places), projection.name)
        for table in projection.tables:
            physical = physical_name(table, projection.version)
            await conn.execute(filled(_SQL["make room"], table=f"{scratch.schema}.{physical}"))
            await conn.execute(
                filled(_SQL["bring back"], table=f"{schema}.{physical}", schema=scratch.schema)
            )
            # Of other columns than the one that stands, it was put aside with its table.
            view = f"{schema}.{table.name}"
            await conn.execute(filled(_SQL["bring back view"], view=view, schema=scratch.schema))
        await conn.execute(filled(_SQL["keep longer"], **places))
        await conn.execute(scratch.sql("enter"), scratch.token, "following")
