"""What others gave a table: grants, comments, options, policies, indexes, views over it.

A rebuild hands all of it on to the table that takes its place, or says before it begins what it
cannot hand on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consumers.rebuild.errors import CannotRebuild
from projections.statements import statements

_SQL = statements("consumers.rebuild", "belongings.sql")


@dataclass(frozen=True, slots=True)
class Views:
    """Commands that make views again once another table has the name."""

    public: list[str]
    """What belongs to the public view."""
    others: list[str]
    """Views of others that name the table itself."""


async def refuse_what_stays_behind(conn: Any, table: str) -> None:
    """Raises `CannotRebuild` where something hangs on the table that cannot be handed on."""
    rows = await conn.fetch(_SQL["in the way"], table)
    if rows:
        what = ", ".join(row["what"] for row in rows)
        raise CannotRebuild(
            f"{table} cannot be replaced: it has {what}; take that away first, or put it on the "
            "public view's readers"
        )


async def hand_on(conn: Any, table: str, *, to: str) -> None:
    """Give another table what this one has of others: owner, grants, comments, options, indexes."""
    for row in await conn.fetch(_SQL["carry over"], table, to):
        await conn.execute(row["command"])


async def views_over(conn: Any, table: str, *, public: str, schema: str) -> Views:
    """What must be done to the views after the swap; asked for before it."""
    own = await conn.fetch(_SQL["carry over"], public, public)
    others = await conn.fetch(_SQL["views of others"], table, public, schema)
    return Views([row["command"] for row in own], [row["command"] for row in others])


async def views_of_view(conn: Any, public: str) -> list[str]:
    """Names of the views over a public view."""
    return [row["name"] for row in await conn.fetch(_SQL["views over"], public)]
