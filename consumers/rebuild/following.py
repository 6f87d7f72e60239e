"""Lets shadows follow the log from where they were filled to where the live rows stand."""

from __future__ import annotations

from collections.abc import Mapping

from consumers.feeding import Fed
from consumers.leased import Connection
from consumers.rebuild.feeding import ShadowFeed
from consumers.rebuild.reading import Scope, later
from consumers.rebuild.scratch import Account, Scratch
from events.envelope import RecordedEvent


class Follower:
    """Feeds one shadow what it lacks, by position, as live feeding does."""

    def __init__(
        self, scratch: Scratch, feed: ShadowFeed, *, scope: Scope, page_events: int
    ) -> None:
        self._scratch = scratch
        self._feed = feed
        self._scope = scope
        self._page_events = page_events

    async def behind(self, conn: Connection, up_to: Mapping[int, int]) -> int:
        """How many positions it lacks."""
        accounts = await self._scratch.accounts(conn, self._feed.shadow.name)
        return sum(max(0, up_to.get(p, 0) - one.position) for p, one in accounts.items())

    async def follow(self, up_to: Mapping[int, int]) -> None:
        """To these positions, a page a transaction.

        Raises:
            RunLost, ProjectionBroken, EventParked: what was committed stands.
        """
        accounts = await self._scratch.accounts(self._scratch.pool, self._feed.shadow.name)
        for partition, account in accounts.items():
            while account.position < up_to.get(partition, 0):
                async with self._scratch.holding() as conn:
                    fed = await self._page(conn, account, up_to[partition])
                self._feed.remember(fed)

    async def follow_within(self, conn: Connection, up_to: Mapping[int, int]) -> None:
        """The same within the caller's transaction."""
        accounts = await self._scratch.accounts(conn, self._feed.shadow.name)
        for partition, account in accounts.items():
            while account.position < up_to.get(partition, 0):
                self._feed.remember(await self._page(conn, account, up_to[partition]))

    async def _page(self, conn: Connection, account: Account, up_to: int) -> Fed:
        position = min(account.position + self._page_events, up_to)
        events: list[RecordedEvent] = await later(
            conn,
            account.partition,
            after=account.position,
            up_to=position,
            schema=self._scratch.schema,
            scope=self._scope,
            types=sorted(self._feed.shadow.reads),
        )
        fed = await self._feed.feed(conn, events)
        await conn.execute(
            self._scratch.sql("move account"),
            self._feed.shadow.name,
            account.partition,
            position,
            len(fed.applied),
            len(fed.parked),
        )
        account.position = position
        return fed
