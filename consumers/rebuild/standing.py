"""Rebuilds that stand in a database just now, under way or left where they were stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from consumers.rebuild.plan import RebuildSettings
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "scratch.sql")
_SCHEMAS = ("replay_scratch", "replay_check")


@dataclass(frozen=True, slots=True)
class StandingRun:
    """One of them. `silent_s`: how long nothing was heard of its process; times are the database's."""

    title: str
    who: str
    started_at: datetime
    phase: str
    silent_s: float

    @property
    def is_under_way(self) -> bool:
        """Whether its process was heard of a moment ago."""
        return self.silent_s < RebuildSettings().stale_s


async def standing_runs(conn: Any) -> list[StandingRun]:
    """The replay and the check that stand, each at most one."""
    found = []
    for schema in _SCHEMAS:
        if not await conn.fetchval(_SQL["exists"], schema):
            continue
        try:
            row = await conn.fetchrow(filled(_SQL["run"], scratch=schema))
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            continue  # its end came in between
        if row is not None:
            found.append(
                StandingRun(
                    *(row[name] for name in ("title", "who", "started_at", "phase", "silent_s"))
                )
            )
    return found
