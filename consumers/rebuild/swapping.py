"""Puts a read model's new rows in the place of the live ones, in one transaction.

While it lasts no batch of the group is under way and readers of this read model wait; it is begun
again and again until neither had to wait longer than its lock time-out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from consumers.leased import Connection
from consumers.rebuild.belongings import refuse_what_stays_behind, views_of_view, views_over
from consumers.rebuild.comparing import old_view
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.following import Follower
from consumers.rebuild.giving_back import kept_schema
from consumers.rebuild.narrowing import keys_table, leave_only_touched, touch_who_waits
from consumers.rebuild.plan import RebuildSettings
from consumers.rebuild.reading import Scope
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import Shadow, qualified
from projections.fingerprints import fingerprint
from projections.migrate import table_statement
from projections.projection import Table, TableKind
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "swapping.sql")
_KEPT = statements("consumers.rebuild", "kept.sql")
_PAUSE_S = 0.5
_COMMON = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


@dataclass(frozen=True, slots=True)
class Reader:
    """A session that the swap waits for."""

    pid: int
    program: str
    open_s: float


WaitsFor = Callable[[list[Reader]], None]
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

    async def run(self, *, keep_old_s: float, who: str, waits_for: WaitsFor) -> None:
        """Follow the log to its end and swap.

        Raises:
            CannotRebuild: something hangs on the old tables; nothing was changed.
            RunLost, ProjectionBroken, EventParked: as in following.
        """
        while True:
            await self._near_the_end()
            try:
                with self._feed.tentatively():
                    async with self._scratch.holding() as conn:
                        await self._within(conn, keep_old_s, who)
            except _COMMON:
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

    async def _within(self, conn: Connection, keep_old_s: float, who: str) -> None:
        within = f"{int(self._settings.lock_timeout_s * 1000)}ms"
        await conn.execute(_SQL["bound the swap"], within)
        partitions = list(await self._scratch.accounts(conn, self._shadow.name))
        await conn.execute(_SQL["lock owners"], self._scratch.group, partitions)
        await conn.execute(_SQL["lock checkpoints"], self._shadow.name, self._replaces, partitions)
        await self._follower.follow_within(conn, await self._ends(conn))
        if self._scope is Scope.ALL:
            await self._tables(conn, keep_old_s, who)
        else:
            await self._rows(conn)
        await conn.execute(self._scratch.sql("mark swapped"), self._shadow.name)
        await self._reached("in the swap")

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
        kept = kept_schema(name)
        await conn.execute(filled(_SQL["keep the old"], kept=kept))
        await conn.execute(
            filled(_SQL["keep standing"], kept=kept), name, self._replaces, keep_old_s, who
        )
        await conn.execute(filled(_SQL["keep checkpoints"], kept=kept), name, self._replaces)
        await conn.execute(filled(_SQL["keep parked"], kept=kept), group, name)
        for live, shadow in self._shadow.pairs():
            await self._replace(conn, live, shadow)
        await conn.execute(_SQL["retire"], name)
        code = await conn.fetchval(self._scratch.sql("made by"), name)
        code = code or fingerprint(self._shadow.of)
        await conn.execute(_SQL["install"], name, version, code, group)
        scratch = self._scratch.schema
        await conn.execute(filled(_SQL["install checkpoints"], scratch=scratch), name, version)
        await conn.execute(_SQL["forget parked"], group, name)
        await conn.execute(filled(_SQL["take parked"], source=scratch), group, name)
        if keep_old_s <= 0:
            await conn.execute(filled(_KEPT["drop"], kept=kept))

    async def _replace(self, conn: Connection, live: Table, shadow: Table) -> None:
        old, public = qualified(live, self._replaces), f"{live.schema}.{live.name}"
        await conn.execute(filled(_SQL["lock for readers"], view=public))
        await refuse_what_stays_behind(conn, old)
        views = await views_over(conn, old, public=public, schema=self._scratch.schema)
        await conn.execute(filled(_SQL["drop view of old rows"], old=old_view(shadow)))
        kept = kept_schema(self._shadow.name)
        await conn.execute(filled(_SQL["keep view"], kept=kept), public)
        await conn.execute(filled(_SQL["move table"], table=old, schema=kept))
        new = qualified(shadow, self._shadow.version)
        await conn.execute(filled(_SQL["move table"], table=new, schema=live.schema))
        await self._view(conn, live, public)
        for command in [*views.public, *views.others]:
            await conn.execute(command)

    async def _view(self, conn: Connection, live: Table, public: str) -> None:
        """The public view over the new table; a view of other columns cannot just be replaced."""
        create = table_statement(self._shadow.of, live, "view")
        try:
            async with conn.transaction():
                await conn.execute(create)
        except asyncpg.InvalidTableDefinitionError:
            if others := await views_of_view(conn, public):
                raise CannotRebuild(
                    f"version {self._shadow.version} of {public} has other columns, and "
                    f"{', '.join(others)} stands on it: drop that first, and make it again after"
                ) from None
            await conn.execute(filled(_SQL["drop view"], view=public))
            await conn.execute(create)

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
        found: dict[int, Reader] = {}
        async with self._scratch.pool.acquire() as conn:
            for table in self._shadow.of.tables:
                places = [f"{table.schema}.{table.name}", qualified(table, self._replaces)]
                for row in await conn.fetch(_SQL["who reads"], places):
                    found[row["pid"]] = Reader(row["pid"], row["program"], row["open_s"] or 0.0)
        return sorted(found.values(), key=lambda reader: -reader.open_s)
