"""The event log as dedup basis: looked up first, written with the batch."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from consumers.dedup import Fresh, split
from consumers.intake import Intake
from consumers.log_rows import COLUMNS, log_row
from events.envelope import RecordedEvent
from projections.statements import statements

_SQL = statements("consumers", "transaction.sql")


class LogBasis:
    """The unique (partition, event_id) of `runtime.event_log`."""

    async def fresh(
        self, conn: asyncpg.pool.PoolConnectionProxy, intakes: Sequence[Intake]
    ) -> list[Fresh]:
        """Split intakes into new events, duplicates and id conflicts."""
        keys = [(i.partition, c.event.id) for i in intakes for c in i.candidates]
        known = {}
        if keys:
            rows = await conn.fetch(_SQL["logged already"], *map(list, zip(*keys, strict=True)))
            known = {(row["partition"], row["event_id"]): row["body"].encode() for row in rows}
        return split(intakes, known, identity=lambda candidate: candidate.raw)

    async def remember(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        fresh: Sequence[Fresh],
        recorded: Sequence[Sequence[RecordedEvent]],
    ) -> None:
        """Append what is new."""
        rows = [
            log_row(event, candidate.raw)
            for left, events in zip(fresh, recorded, strict=True)
            for event, candidate in zip(events, left.candidates, strict=True)
        ]
        if rows:
            await conn.copy_records_to_table(
                "event_log", schema_name="runtime", columns=COLUMNS, records=rows
            )
