"""Compares live rows with rebuilt ones, exactly, while events flow.

In one snapshot the shadow is fed to just where the live rows stand; then both say the same, or they
differ. Nothing is locked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumers.leased import Connection
from consumers.rebuild.belongings import stands
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.following import Follower
from consumers.rebuild.narrowing import keys_table, touch_who_waits
from consumers.rebuild.reading import Scope
from consumers.rebuild.report import Difference, Report, TableReport, difference
from consumers.rebuild.scratch import Scratch
from consumers.rebuild.shadow import Shadow, qualified
from projections.projection import Table, TableKind
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "comparing.sql")
_PAGE = 500
EachDifference = Callable[[Difference], None]


@dataclass(frozen=True, slots=True)
class Compared:
    """The names of one table's two sides, and how they are joined. `live`: the table of the old."""

    shadow: Table
    live: str
    old: str
    new: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    """Those whose equal values may have different texts."""

    def sql(self, name: str) -> str:
        """A statement over both sides."""
        return filled(
            _SQL[name],
            old=self.old,
            new=self.new,
            key=self.key,
            first=self.key[0],
            columns=self.columns,
            a_columns=[f"a.{column}" for column in self.columns],
            b_columns=[f"b.{column}" for column in self.columns],
        )

    def measure(self, side: str) -> str:
        """The statement that counts and sums up one side."""
        values = [column for column in self.columns if column not in self.texts]
        return filled(_SQL["measure"], table=side, values=values, texts=self.texts)


class Comparison:
    """One read model's live rows against its shadow."""

    def __init__(
        self, scratch: Scratch, feed: ShadowFeed, follower: Follower, *, scope: Scope, replaces: int
    ) -> None:
        self._scratch = scratch
        self._shadow: Shadow = feed.shadow
        self._feed = feed
        self._follower = follower
        self._scope = scope
        self._replaces = replaces

    async def live_positions(self, conn: Any) -> dict[int, int]:
        """Where the live rows stand."""
        rows = await conn.fetch(_SQL["live positions"], self._shadow.name)
        return {row["partition"]: row["position"] for row in rows}

    async def run(self, *, sample: int, each: EachDifference | None = None) -> Report:
        """Feed the shadow to where the live rows stand, and compare.

        `each` gets every row that differs, by table and key; the report has the first `sample` of
        each table, and so many of the events that wait.

        Raises:
            RunLost, ProjectionBroken, EventParked: the shadow stands where it stood.
        """
        views = [f"{table.schema}.{table.name}" for table in self._shadow.of.tables]
        reading = [view for view in views if await stands(self._scratch.pool, view)]
        with self._feed.tentatively():
            async with self._scratch.holding(isolation="repeatable_read", reading=reading) as conn:
                await self._follower.follow_within(conn, await self.live_positions(conn))
                pairs = await self._pairs(conn)
                await self._name_sides(conn, pairs)
                tables = [await self._table(conn, pair, sample, each) for pair in pairs]
                accounts = await self._scratch.accounts(conn, self._shadow.name)
                return Report(
                    self._shadow.name,
                    self._shadow.version,
                    self._replaces,
                    tables,
                    parked=sum(one.parked for one in accounts.values()),
                    waiting=await self._scratch.waiting(conn, self._shadow.name, sample),
                )

    async def _name_sides(self, conn: Connection, pairs: Sequence[Compared]) -> None:
        """Name what is compared: all rows, or those that the selection touches."""
        if self._scope is Scope.COMPANIES:
            await touch_who_waits(conn, self._scratch, self._shadow, replaces=self._replaces)
        for pair in pairs:
            places: Mapping[str, str | Sequence[str]] = {
                "old": pair.old,
                "live": pair.live,
                "new": pair.new,
                "shadow": qualified(pair.shadow, self._shadow.version),
                "touched": self._scratch.schema + ".touched",
                "keys": keys_table(self._shadow, pair.shadow),
                "key": pair.key,
                "columns": pair.columns,
            }
            narrowed = pair.new != places["shadow"]
            name = "view old rows of keys" if narrowed else f"view old rows of {self._scope}"
            await conn.execute(filled(_SQL["drop view of old rows"], **places))
            await conn.execute(filled(_SQL[name], **places))
            if narrowed:
                await conn.execute(filled(_SQL["view new rows of keys"], **places))

    async def _pairs(self, conn: Connection) -> list[Compared]:
        """Tables that both versions have, with the columns that are the same in both.

        One whose key the old version lacks has nothing to compare by.
        """
        found = []
        for live, shadow in self._shadow.pairs():
            old, new = qualified(live, self._replaces), qualified(shadow, self._shadow.version)
            rows = await conn.fetch(_SQL["same columns"], old, new)
            same = {row["name"]: row["is_its_text"] for row in rows}
            columns = tuple(column for column in shadow.columns if column in same)
            key = shadow.columns[: shadow.key]
            if self._scope is Scope.COMPANIES and shadow.kind is TableKind.SUM:
                new = f"{shadow.schema}.new_{shadow.name}"
            if set(key) <= same.keys():
                texts = tuple(column for column in columns if not same[column])
                found.append(Compared(shadow, old, old_view(shadow), new, key, columns, texts))
        return found

    async def _table(
        self, conn: Connection, pair: Compared, sample: int, each: EachDifference | None
    ) -> TableReport:
        (old,) = await conn.fetch(pair.measure(pair.old))
        (new,) = await conn.fetch(pair.measure(pair.new))
        found: list[Difference] = []
        counts = {"only_old": 0, "only_new": 0, "changed": 0}
        if tuple(old) != tuple(new):
            (counted,) = await conn.fetch(pair.sql("count differences"))
            counts = dict(counted)
            rows = await conn.fetch(pair.sql("differences"), sample)
            found = [difference(pair.shadow.name, *row.values()) for row in rows]
            if each is not None:
                async for row in conn.cursor(pair.sql("differences"), None, prefetch=_PAGE):
                    each(difference(pair.shadow.name, *row.values()))
        return TableReport(
            table=pair.shadow.name,
            old_rows=old["rows"],
            new_rows=new["rows"],
            old_checksum=old["checksum"],
            new_checksum=new["checksum"],
            **counts,
            compared=list(pair.columns),
            sample=found,
        )


def old_view(table: Table) -> str:
    """The view of a shadow table's old rows, in the rebuild's schema."""
    return f"{table.schema}.old_{table.name}"
