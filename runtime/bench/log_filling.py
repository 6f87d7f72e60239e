"""Writes a log without the streams, and every account that goes with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import asyncpg

from consumers.log_rows import COLUMNS
from projections.groups import group_named
from projections.projection import Projection
from projections.statements import statements
from runtime.bench.log_events import LogEvents

GROUP = group_named("projections")
_SQL = statements("runtime.bench", "log_filling.sql")
_AT_ONCE = 10_000


class LogFilling:
    """A log that grows by as many events as are wanted, and all checkpoints with it."""

    def __init__(self, db: asyncpg.Connection, events: LogEvents, *, partitions: int) -> None:
        self._db = db
        self._rows = events.rows()
        self._partitions = partitions
        self._size = 0

    async def grow(self, *, to: int, written: Callable[[int], None]) -> None:
        """To so many events; `written` is told how many came to it."""
        while self._size < to:
            rows = list(islice(self._rows, min(_AT_ONCE, to - self._size)))
            await self._db.copy_records_to_table(
                "event_log", schema_name="runtime", columns=COLUMNS, records=rows
            )
            self._size += len(rows)
            written(len(rows))
        await self._account()

    async def _account(self) -> None:
        async with self._db.transaction():
            await self._db.execute(_SQL["count events"])
            await self._db.execute(_SQL["move checkpoints"], GROUP.name, self._partitions)
            for projection in GROUP.projections:
                await self._db.execute(
                    _SQL["move projection checkpoints"],
                    projection.name,
                    projection.version,
                    sorted(projection.reads),
                )
        await self._db.execute(_SQL["settle log"])


async def events_read(db: asyncpg.Connection, projections: Sequence[Projection]) -> int:
    """How many of the log's events these read models read together."""
    types = sorted({type_ for projection in projections for type_ in projection.reads})
    return int(await db.fetchval(_SQL["count reads"], types))
