"""Waits, before new rows take the old ones' place, for transactions that could not see them.

A transaction that keeps its snapshot (REPEATABLE READ, a dump, a cursor) finds in the new table only
what was committed before it began: of one that is older than the new rows, nothing. Its snapshot of
the old table is safe, because the swap waits for who has read it; who has not yet must end first.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from consumers.rebuild.replacing import Reader
from projections.statements import statements

_SQL = statements("consumers.rebuild", "replacing.sql")
_LOOK_S = 0.01


class OldSnapshots:
    """The transactions that were open when the new rows were complete."""

    def __init__(self) -> None:
        self._open: set[tuple[int, object, str]] | None = None

    async def end(self, conn: Any, *, within_s: float) -> list[Reader]:
        """Wait for them so long at most; those that are left."""
        until = monotonic() + within_s
        while True:
            left = await self.left(conn)
            if not left or monotonic() >= until:
                return left
            await asyncio.sleep(_LOOK_S)

    async def left(self, conn: Any) -> list[Reader]:
        """Those of them that keep their snapshot still, the oldest first; not the connection's own.

        The first call says which they are; later ones are never waited for.
        """
        # Within a transaction the first look at activity would be shown again and again.
        await conn.execute(_SQL["look afresh"])
        rows = await conn.fetch(_SQL["old snapshots"])
        now = {(row["pid"], row["xact_start"], row["oldest"]): row for row in rows}
        self._open = set(now) if self._open is None else self._open & set(now)
        return [
            Reader(row["pid"], row["program"], row["open_s"])
            for key, row in now.items()
            if key in self._open
        ]
