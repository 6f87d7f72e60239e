"""What others gave a table: grants, comments, options, policies, indexes, views over it.

A rebuild hands all of it on to the table that takes its place, or says before it begins what it
cannot hand on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from consumers.rebuild.errors import CannotRebuild
from projections.statements import statements

_SQL = statements("consumers.rebuild", "belongings.sql")
_REFUSED = (
    asyncpg.SyntaxOrAccessError,
    asyncpg.IntegrityConstraintViolationError,
)
"""How Postgres says that a table cannot have what another one has."""


@dataclass(frozen=True, slots=True)
class Views:
    """Commands that make views again once another table has the name."""

    public: list[str]
    """What belongs to the public view."""
    others: list[str]
    """Views of others that name the table itself."""


async def stands(conn: Any, relation: str) -> bool:
    """Whether there is a relation of that qualified name."""
    return bool(await conn.fetchval(_SQL["stands"], relation))


async def refuse_what_stays_behind(
    conn: Any, table: str, *, public: str, moves_to: str | None = None
) -> None:
    """Say what hangs on the table and cannot be handed on to the one that takes its place.

    `moves_to`: the qualified name under which that one stands afterwards, when it is another.

    Raises:
        CannotRebuild: something does; its text names all of it.
    """
    rows = await conn.fetch(_SQL["in the way"], table, public)
    if rows:
        what = ", ".join(row["what"] for row in rows)
        raise CannotRebuild(
            f"{table} cannot be replaced: it has {what}; take that away first, or put it on the "
            "public view's readers"
        )
    if moves_to is None or moves_to == table:
        return
    if views := await views_naming(conn, table, public=public, schema=""):
        raise CannotRebuild(
            f"{', '.join(views)} names {table}, whose place {moves_to} takes: "
            f"let it read {public} instead, or drop it first"
        )


async def refuse_columns_of_others(conn: Any, table: str, new: str) -> None:
    """Say which columns somebody added to the table; their values would be lost.

    Raises:
        CannotRebuild: there are some.
    """
    if rows := await conn.fetch(_SQL["columns of others"], table, new):
        names = ", ".join(row["name"] for row in rows)
        raise CannotRebuild(
            f"{table} cannot be replaced: no event gives the values of its columns {names}, which "
            "somebody added; move them to a table of their own, and drop them"
        )


async def hand_on(conn: Any, table: str, *, to: str) -> None:
    """Give another table what this one has of others. Given again it changes nothing.

    Raises:
        CannotRebuild: the other one cannot have it; the caller's transaction has failed.
    """
    await carry_out(conn, [r["command"] for r in await conn.fetch(_SQL["carry over"], table, to)])


async def carry_out(conn: Any, commands: Sequence[str]) -> None:
    """Do this to tables and views.

    Raises:
        CannotRebuild: one of it is not possible; the caller's transaction has failed.
    """
    for command in commands:
        try:
            await conn.execute(command)
        except _REFUSED as error:
            told = getattr(error, "message", None) or type(error).__name__
            raise CannotRebuild(
                f"what was given to a table cannot be given to the one that takes its place: "
                f"{' '.join(command.split())}: {told}"
            ) from error


async def views_over(conn: Any, table: str, *, public: str, schema: str) -> Views:
    """What must be done to the views after the swap; asked for before it."""
    own = await conn.fetch(_SQL["carry over"], public, public)
    others = await conn.fetch(_SQL["views of others"], table, public, schema)
    return Views([row["command"] for row in own], [row["command"] for row in others])


async def views_naming(conn: Any, table: str, *, public: str, schema: str) -> list[str]:
    """Views of others that name the table itself, its public view not counted."""
    return [row["name"] for row in await conn.fetch(_SQL["views of others"], table, public, schema)]


async def what_stands_on(conn: Any, public: str) -> list[str]:
    """What would go with a public view: views of others over it, functions, triggers."""
    return [row["name"] for row in await conn.fetch(_SQL["stands on"], public)]
