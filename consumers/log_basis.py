"""The event log as dedup basis: looked up first, written with the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from consumers.columns import columns
from consumers.dedup import Fresh, perhaps_known, split
from consumers.intake import Intake
from consumers.log_copy import copy_log
from consumers.log_rows import log_row
from consumers.partition_state import PartitionState
from consumers.row_copy import WORTH_A_COPY
from events.envelope import RecordedEvent
from projections.statements import statements

_SQL = statements("consumers", "batch_writes.sql")


class LogBasis:
    """The unique (partition, event_id) of `runtime.event_log`."""

    async def fresh(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        intakes: Sequence[Intake],
        states: Mapping[int, PartitionState],
    ) -> list[Fresh]:
        """Split intakes into new events, duplicates and id conflicts.

        Only ids that the log may hold are looked up.
        """
        keys = perhaps_known(intakes, states)
        known = {}
        if keys:
            rows = await conn.fetch(_SQL["logged already"], *columns(keys))
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
            (event, candidate.raw)
            for left, events in zip(fresh, recorded, strict=True)
            for event, candidate in zip(events, left.candidates, strict=True)
        ]
        if len(rows) >= WORTH_A_COPY:
            await copy_log(conn, rows)
        elif rows:
            await conn.execute(_SQL["append to the log"], *columns(log_row(*row) for row in rows))
