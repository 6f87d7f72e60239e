"""Puts a read model's new rows in the place of the live ones, in one transaction.

While it lasts no batch of the group is under way and readers of this read model wait; it is begun
again and again until neither had to wait longer than its lock time-out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.belongings import hand_on, refuse_what_stays_behind, stands
from consumers.rebuild.comparing import old_view
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.following import Follower
from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.narrowing import keys_table, leave_only_touched, touch_who_waits
from consumers.rebuild.old_snapshots import OldSnapshots
from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.reading import Scope
from consumers.rebuild.replacing import (
    Change,
    Reader,
    WaitsFor,
    lock_tables,
    replace_tables,
    whom_to_wait_for,
    within,
)
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import Shadow, qualified
from projections.fingerprints import fingerprint
from projections.migrate import table_statement
from projections.projection import TableKind
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "swapping.sql")
_KEPT = statements("consumers.rebuild", "kept.sql")
_PAUSE_S = 0.5
_COMMON = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


Reached = Callable[[str], Awaitable[None]]


class Swap:
    """One read model's swap. `replaces`: the version that is live."""

    def __init__(
        self,
        scratch: Scratch,
        feed: ShadowFeed,
        follower: Follower,
        *,
        scope: Scope,
        replaces: int,
        settings: RebuildSettings,
        reached: Reached,
    ) -> None:
        self._scratch = scratch
        self._feed = feed
        self._shadow: Shadow = feed.shadow
        self._follower = follower
        self._scope = scope
        self._replaces = replaces
        self._settings = settings
        self._reached = reached
        self._old_snapshots = OldSnapshots()

    async def run(self, *, keep_old_s: float, who: str, waits_for: WaitsFor) -> None:
        """Follow the log to its end and swap.

        Raises:
            CannotRebuild: something hangs on the old tables; nothing was changed.
            RunLost, ProjectionBroken, EventParked: as in following.
        """
        while True:
            await self._near_the_end()
            if self._scope is Scope.ALL:
                pool, within_s = self._scratch.pool, self._settings.lock_timeout_s
                if old := await self._old_snapshots.end(pool, within_s=within_s):
                    waits_for(old)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                await self._hand_on()
            try:
                async with self._scratch.holding() as conn:
                    await self._within(conn, keep_old_s, who)
            except _COMMON:
                # Of a snapshot's holder it is told once it is waited for.
                if not await self._old_snapshots.left(self._scratch.pool):
                    waits_for(await self._readers())
                await asyncio.sleep(_PAUSE_S)
                continue
            return

    async def _near_the_end(self) -> None:
        """Leave little for the transaction in which others wait."""
        while True:
            async with self._scratch.pool.acquire() as conn:
                ends = await self._ends(conn)
                if await self._follower.behind(conn, ends) <= self._settings.swap_behind:
                    return
            await self._follower.follow(ends)

    async def _hand_on(self) -> None:
        """What others gave the old tables meanwhile: an index is made here, not while all wait."""
        for live, shadow in self._shadow.pairs():
            old, new = qualified(live, self._replaces), qualified(shadow, self._shadow.version)
            async with self._scratch.holding() as conn:
                if await stands(conn, old):
                    await hand_on(conn, old, to=new)

    async def _within(self, conn: Connection, keep_old_s: float, who: str) -> None:
        within_s = self._settings.lock_timeout_s
        await conn.execute(_SQL["bound the swap"], f"{int(within_s * 1000)}ms")
        partitions = list(await self._scratch.accounts(conn, self._shadow.name))
        group, name = self._scratch.group, self._shadow.name
        batches_s = self._settings.batches_timeout_s
        await within(conn, _SQL["lock owners"], group, partitions, within_s=batches_s)
        await conn.execute(_SQL["lock checkpoints"], name, self._replaces, partitions)
        # Committed apart: who keeps a snapshot sees of new rows what was committed before it.
        await self._follower.follow(await self._ends(conn))
        if self._scope is Scope.ALL:
            await self._let_snapshots_end(conn, within_s)
            await self._tables(conn, keep_old_s, who)
        else:
            await self._rows(conn)
        await conn.execute(self._scratch.sql("mark swapped"), self._shadow.name)
        await self._reached("in the swap")

    async def _let_snapshots_end(self, conn: Connection, within_s: float) -> None:
        """Of those that began before the last rows were committed; live batches wait meanwhile."""
        self._old_snapshots = OldSnapshots()
        if await self._old_snapshots.end(conn, within_s=within_s):
            raise asyncpg.LockNotAvailableError("a transaction keeps its snapshot")

    async def _ends(self, conn: Connection) -> dict[int, int]:
        """Up to where the new rows must go: where the group stands, or the read model itself."""
        if self._scope is Scope.ALL:
            rows = await conn.fetch(_SQL["group positions"], self._scratch.group)
            return {row["partition"]: row["position"] for row in rows}
        partitions = list(await self._scratch.accounts(conn, self._shadow.name))
        rows = await conn.fetch(_SQL["positions"], self._shadow.name, self._replaces, partitions)
        return {row["partition"]: row["position"] for row in rows}

    async def _tables(self, conn: Connection, keep_old_s: float, who: str) -> None:
        name, version, group = self._shadow.name, self._shadow.version, self._scratch.group
        kept, scratch = kept_schema(name), self._scratch.schema
        await conn.execute(filled(_SQL["keep the old"], kept=kept))
        await conn.execute(
            filled(_SQL["keep standing"], kept=kept), name, self._replaces, keep_old_s, who
        )
        await conn.execute(filled(_SQL["keep checkpoints"], kept=kept), name, self._replaces)
        await conn.execute(filled(_SQL["keep parked"], kept=kept), group, name)
        changes, within_s = await self._changes(conn), self._settings.lock_timeout_s
        await lock_tables(conn, changes, schema=scratch, within_s=within_s)
        for change in changes:
            await self._settle(conn, change)
        await replace_tables(conn, changes, kept=kept, schema=scratch)
        await conn.execute(_SQL["retire"], name)
        code = await conn.fetchval(self._scratch.sql("made by"), name)
        code = code or fingerprint(self._shadow.of)
        await conn.execute(_SQL["install"], name, version, code, group)
        await conn.execute(filled(_SQL["install checkpoints"], scratch=scratch), name, version)
        await conn.execute(_SQL["forget parked"], group, name)
        await conn.execute(filled(_SQL["take parked"], source=scratch), group, name)
        if keep_old_s <= 0:
            await conn.execute(filled(_KEPT["drop"], kept=kept))

    async def _changes(self, conn: Connection) -> list[Change]:
        found = []
        for live, shadow in self._shadow.pairs():
            old, view = qualified(live, self._replaces), f"{shadow.schema}.{shadow.name}"
            found.append(
                Change(
                    public=f"{live.schema}.{live.name}",
                    old=old if await stands(conn, old) else None,
                    new=qualified(shadow, self._shadow.version),
                    view=table_statement(self._shadow.of, live, "view"),
                    kept_view=view if await stands(conn, view) else None,
                )
            )
        return found

    async def _settle(self, conn: Connection, change: Change) -> None:
        """What others gave the old table up to this moment."""
        await conn.execute(filled(_SQL["drop view of old rows"], old=self._view_of_old(change)))
        if change.old is None or change.new is None:
            return
        await refuse_what_stays_behind(conn, change.old, public=change.public)
        await hand_on(conn, change.old, to=change.new)

    def _view_of_old(self, change: Change) -> str:
        (table,) = [t for t in self._shadow.tables if change.public.endswith(f".{t.name}")]
        return old_view(table)

    async def _rows(self, conn: Connection) -> None:
        """Only the touched rows change their place."""
        name, group = self._shadow.name, self._scratch.group
        touched = f"{self._scratch.schema}.touched"
        if self._scope is Scope.COMPANIES:
            await touch_who_waits(conn, self._scratch, self._shadow, replaces=self._replaces)
            await leave_only_touched(conn, self._shadow)
        for live, shadow in self._shadow.pairs():
            how, keys = "conversations", touched
            if shadow.kind is TableKind.SUM:
                how, keys = "keys", keys_table(self._shadow, shadow)
            places = {
                "live": qualified(live, self._replaces),
                "new": qualified(shadow, self._shadow.version),
                "touched": touched,
                "keys": keys,
            }
            key, columns = live.columns[: live.key], live.columns
            sql = filled(_SQL[f"remove old rows of {how}"], key=key, **places)
            await conn.execute(sql)
            await conn.execute(filled(_SQL["take rows"], columns=columns, **places))
        gone = await conn.fetch(
            filled(_SQL[f"forget parked of {self._scope}"], touched=touched), group, name
        )
        more = Counter({row["partition"]: 0 for row in gone})
        more.subtract(row["partition"] for row in gone)
        scratch = self._scratch.schema
        for row in await conn.fetch(filled(_SQL["count parked"], scratch=scratch), name):
            more[row["partition"]] += row["count"]
        await conn.execute(filled(_SQL["take parked"], source=scratch), group, name)
        # Raises the revision of every partition that was looked at, whatever its count.
        for partition in await self._scratch.accounts(conn, name):
            more[partition] += 0
        await conn.execute(
            _SQL["settle parked"], name, self._replaces, list(more), list(more.values())
        )

    async def _readers(self) -> list[Reader]:
        """Who is in the way just now."""
        relations = [
            name
            for live in self._shadow.of.tables
            for name in (f"{live.schema}.{live.name}", qualified(live, self._replaces))
        ]
        async with self._scratch.pool.acquire() as conn:
            return await whom_to_wait_for(conn, relations, schema=kept_schema(self._shadow.name))
