"""Who holds the tables that a rebuild replaces or drops: told of, and ended where it is frozen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from consumers.rebuild import replacing
from consumers.rebuild.replacing import Reader
from tests.rebuild.accounts import value
from tests.rebuild.ground import Watched, consumed, mixed, rebuilt, schemas

OWN, LIVE = (
    "SELECT count(*) FROM replay_scratch.partitions",
    "SELECT count(*) FROM projections.leads",
)


class Waiting(Watched):
    """Has `hold` come before the swap, or before the end; keeps who was waited for."""

    def __init__(self, sql: str, hold: Callable[[str], Awaitable[Any]]) -> None:
        async def held() -> None:
            await hold(sql)

        super().__init__(**{"compare" if sql == LIVE else "swapped": held})
        self.told = asyncio.Event()
        self.readers: set[tuple[str | None, int]] = set()

    def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
        self.readers |= {(projection, reader.pid) for reader in readers}
        self.told.set()


class Other:
    """Another session."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self.conn = conn
        self.pid = conn.get_server_pid()

    async def reads(self, sql: str) -> None:
        await self.conn.execute("BEGIN")
        await self.conn.fetchval(sql)

    async def freezes(self, sql: str) -> None:
        """What `prepare` leaves is what a process leaves that is frozen in the middle of a `fetch`."""
        await self.conn.prepare(sql)


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(100))
    return database_url


@pytest.fixture
async def other(filled: str) -> AsyncIterator[Other]:
    conn = await asyncpg.connect(filled)
    yield Other(conn)
    conn.terminate()


@pytest.mark.parametrize(("sql", "who"), [(OWN, None), (LIVE, "leads")])
async def test_whoever_is_in_the_way_is_told_of_and_not_ended(
    filled: str,
    other: Other,
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    who: str | None,
) -> None:
    monkeypatch.setattr(replacing, "_FROZEN_AFTER", "0s")
    waiting = Waiting(sql, other.reads)
    rebuild = asyncio.create_task(rebuilt(filled, "leads", observer=waiting))
    async with asyncio.timeout(60):
        await waiting.told.wait()
    assert waiting.readers == {(who, other.pid)}
    assert not rebuild.done()
    await other.conn.execute("COMMIT")
    await rebuild
    assert await schemas(filled) == ["replaced_leads"]


@pytest.mark.parametrize("sql", [OWN, LIVE])
async def test_who_is_frozen_between_a_statement_and_its_values_is_ended(
    filled: str, other: Other, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(replacing, "_FROZEN_AFTER", "100ms")
    async with asyncio.timeout(60):
        await rebuilt(filled, "leads", observer=Waiting(sql, other.freezes))
    assert await schemas(filled) == ["replaced_leads"]
    assert not await value(
        filled, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", other.pid
    )


async def test_who_has_just_begun_a_statement_is_not_ended(filled: str, other: Other) -> None:
    waiting = Waiting(OWN, other.freezes)
    rebuild = asyncio.create_task(rebuilt(filled, "leads", observer=waiting))
    async with asyncio.timeout(60):
        await waiting.told.wait()
    assert waiting.readers == {(None, other.pid)}
    assert await other.conn.fetchval("SELECT 1") == 1
    await rebuild
