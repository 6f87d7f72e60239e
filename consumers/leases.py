"""Membership and ownership in Postgres; who should own what is decided in `consumers.shares`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg

from consumers import lease_rules
from consumers.engine_settings import EngineSettings
from consumers.errors import faults_translated
from consumers.leased import bounds
from consumers.lineage import Seen, StreamAccount
from consumers.partition_state import PartitionState, ProjectionCheckpoint
from events.entry_id import ZERO, EntryId
from projections.statements import statements

_SQL = statements("consumers", "leases.sql")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who is alive and who owns what, by the database's clock at one moment."""

    living: frozenset[str]
    dead: int
    """Members that have a row and no life."""
    owners: dict[int, str | None]
    epochs: dict[int, int]


class Leases:
    """One member's view of a group's partitions.

    Every method is one short transaction. Raises `TransientFault` when Postgres does not answer.
    """

    def __init__(
        self, pool: asyncpg.Pool, *, group: str, member_id: str, settings: EngineSettings
    ) -> None:
        self._pool = pool
        self._group = group
        self._member_id = member_id
        self._lease_s = settings.lease_s
        # No longer than a beat: who waits for a frozen owner's row must stay alive meanwhile.
        self._take_within = f"{int(settings.heartbeat_s * 1000)}ms"
        *_, self._idle_within = bounds(settings.lease_s)
        self._patience_s = settings.heartbeat_s / 2
        # So long at most until every member has beaten that Postgres' absence kept from it: faulty
        # beats are tried again within a quarter of the lease.
        self._settling_s = settings.heartbeat_s + max(settings.heartbeat_s, settings.lease_s / 4)

    async def prepare(self, partitions: int) -> None:
        """Make sure that every partition has its owner's row and its checkpoint."""
        with faults_translated():
            await self._pool.execute(_SQL["prepare"], self._group, partitions)

    async def snapshot(self) -> Snapshot:
        """Who is alive, who owns what."""
        with faults_translated():
            rows = await self._pool.fetch(_SQL["snapshot"], self._group)
        members = [row for row in rows if row["partition"] is None]
        owners = [row for row in rows if row["partition"] is not None]
        living = _living(members)
        return Snapshot(
            living=living,
            dead=len(members) - len(living),
            owners={row["partition"]: row["member"] for row in owners},
            epochs={row["partition"]: row["epoch"] for row in owners},
        )

    async def take(self, partition: int) -> PartitionState | None:
        """Become the owner, and load where the partition stands; None when somebody else has it.

        A batch of the dead owner that still holds the row gets half a beat to end; then its
        session is ended.
        """
        with faults_translated():
            async with self._pool.acquire() as conn, conn.transaction():
                pid = await conn.fetchval(
                    _SQL["bound waiting"], self._take_within, self._idle_within
                )
                async with self._nobody_blocks(pid):
                    epoch = await conn.fetchval(
                        _SQL["take"],
                        self._group,
                        partition,
                        self._member_id,
                        self._lease_s,
                        self._settling_s,
                    )
                if epoch is None:
                    return None
                return await load_state(conn, self._group, partition, epoch)

    @asynccontextmanager
    async def _nobody_blocks(self, pid: int) -> AsyncIterator[None]:
        ending = asyncio.get_running_loop().create_task(
            self._end_blockers(pid), name=f"{self._group}-end-blockers"
        )
        try:
            yield
        finally:
            ending.cancel()
            await asyncio.wait({ending})

    async def _end_blockers(self, pid: int) -> None:
        await asyncio.sleep(self._patience_s)
        # Where this fails, the statement that waits says so by its time-out.
        with suppress(
            asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError
        ):
            await self._pool.execute(_SQL["end blockers"], pid)

    async def reload(self, partition: int) -> PartitionState | None:
        """Where a partition of ours stands now; None when it is no longer ours."""
        with faults_translated():
            async with self._pool.acquire() as conn, conn.transaction():
                owners = await conn.fetch(_SQL["owners"], self._group)
                row = next((r for r in owners if r["partition"] == partition), None)
                if row is None or row["owner"] != self._member_id:
                    return None
                return await load_state(conn, self._group, partition, row["epoch"])

    async def release(self, partitions: Sequence[int]) -> None:
        """Hand partitions over: free at once for whoever is below its share."""
        with faults_translated():
            await self._pool.execute(
                _SQL["release"], self._group, list(partitions), self._member_id
            )

    async def leave(self) -> None:
        """End the membership."""
        with faults_translated():
            await self._pool.execute(_SQL["leave"], self._group, self._member_id)

    async def forget_the_dead(self) -> None:
        """Drop rows of members that have been dead for an hour."""
        with faults_translated():
            await self._pool.execute(_SQL["forget the dead"], self._group)


def _living(members: Sequence[asyncpg.Record]) -> frozenset[str]:
    if not members:
        return frozenset()
    expires_at = {row["member"]: row["expires_at"] for row in members}
    return lease_rules.living(expires_at, members[0]["now"])


async def load_state(
    conn: asyncpg.pool.PoolConnectionProxy, group: str, partition: int, epoch: int
) -> PartitionState:
    """A partition's state as Postgres holds it, unsynced: Redis must be asked for the gap."""
    checkpoint = await conn.fetchrow(_SQL["checkpoint"], group, partition)
    if checkpoint is None:
        raise LookupError(f"group {group} has no checkpoint for partition {partition}")
    projections = await conn.fetch(_SQL["projection checkpoints"], partition, group)
    counts = await conn.fetch(_SQL["event counts"], partition)
    parked = await conn.fetch(_SQL["parked conversations"], group, partition)
    state = PartitionState(
        partition=partition,
        epoch=epoch,
        cursor=EntryId.parse(checkpoint["entry_id"]),
        position=checkpoint["position"],
        newest_id=checkpoint["newest_id"].int if checkpoint["newest_id"] else 0,
        generation=checkpoint["generation"],
        projections={
            row["projection"]: ProjectionCheckpoint(
                row["version"], row["position"], row["revision"]
            )
            for row in projections
        },
        counts_by_type={row["type"]: row["count"] for row in counts},
        account=_account(checkpoint),
        lost_total=checkpoint["lost_total"],
        server_started=checkpoint["server_started"],
    )
    for row in parked:
        state.parked.setdefault(row["projection"], set()).add(
            (row["company_id"], row["conversation_id"])
        )
    return state


def _account(row: asyncpg.Record) -> StreamAccount:
    seen = None
    if row["seen_added"] is not None:
        seen = Seen(row["seen_added"], EntryId.parse(row["seen_last_id"]), ZERO, row["seen_at"])
    return StreamAccount(
        base=row["added_base"],
        read=row["read"],
        lost=row["lost"],
        entry_hash=row["entry_hash"],
        server_id=row["server_id"],
        seen=seen,
    )
