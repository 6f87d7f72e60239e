"""The dedup basis of a group that writes no log: the ids it has had, with a hash of their bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import asyncpg
import orjson

from consumers.columns import columns
from consumers.dedup import Fresh, Key, perhaps_known, split
from consumers.errors import faults_translated
from consumers.intake import Intake
from consumers.partition_state import PartitionState
from events.envelope import RecordedEvent
from projections.statements import statements

_SQL = statements("consumers", "seen_basis.sql")
_AT_ONCE = 5000


class SeenBasis:
    """Remembers events of one group in `runtime.seen_events`, in the batch's transaction."""

    def __init__(self, group: str) -> None:
        self._group = group

    async def fresh(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        intakes: Sequence[Intake],
        states: Mapping[int, PartitionState],
    ) -> list[Fresh]:
        """Split intakes into new events, duplicates and id conflicts.

        Only ids that the group may have had are looked up.
        """
        keys = perhaps_known(intakes, states)
        known = await seen_already(conn, self._group, keys) if keys else {}
        return split(intakes, known, identity=lambda candidate: body_hash(candidate.raw))

    async def remember(
        self,
        conn: asyncpg.pool.PoolConnectionProxy,
        fresh: Sequence[Fresh],
        recorded: Sequence[Sequence[RecordedEvent]],
    ) -> None:
        """Write what is new."""
        rows = [
            (left.partition, c.event.id, body_hash(c.raw), str(c.entry_id))
            for left in fresh
            for c in left.candidates
        ]
        if rows:
            await conn.execute(_SQL["remember"], self._group, *columns(rows))


async def seen_already(
    conn: asyncpg.pool.PoolConnectionProxy, group: str, keys: Sequence[Key]
) -> dict[Key, bytes]:
    """Those of the ids that the group has had, with the hashes of their bodies; in a transaction.

    It is planned for what stands there now: a connection keeps the plan that was the best while nearly
    nothing stood there, and that goes through the whole table until it is analyzed.
    """
    await conn.fetchval(_SQL["plan by"], "force_custom_plan")
    rows = await conn.fetch(_SQL["seen already"], group, *columns(keys))
    await conn.fetchval(_SQL["plan by"], "auto")
    return {(row["partition"], row["event_id"]): row["body_hash"] for row in rows}


async def forget_seen(
    pool: asyncpg.Pool, group: str, partitions: Sequence[int], *, older_than_s: float
) -> int:
    """Drop ids that can come again no more, some thousands a statement; returns how many."""
    total, gone = 0, _AT_ONCE
    while gone == _AT_ONCE:
        with faults_translated():
            gone = await pool.fetchval(
                _SQL["forget"], group, list(partitions), older_than_s, _AT_ONCE
            )
        total += gone
    return total


def body_hash(raw: bytes) -> bytes:
    """The same for bodies that differ in spelling alone (spaces, order of attributes)."""
    try:
        canonical = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        canonical = raw
    return blake2b(canonical, digest_size=16).digest()
