"""Postgres goes away while read models are rebuilt: the same call waits and goes on where it stood."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg
import pytest

from consumers.rebuild.plan import Kind
from tests.faults.servers import BreakablePostgres
from tests.rebuild.accounts import forge, unbalanced, value
from tests.rebuild.ground import (
    NAMES,
    SETTINGS,
    Watched,
    consumed,
    mixed,
    rebuilt,
    rows_of,
    schemas,
)

Broken = tuple[str, BreakablePostgres]
HASTY = replace(SETTINGS, retry_initial_s=0.05, retry_max_s=0.2)


class Enduring(Watched):
    """Breaks something once at each of some points; keeps what it was told of faults."""

    def __init__(self, break_: Callable[[], Awaitable[None]], *points: str) -> None:
        super().__init__()
        self._break = break_
        self._left = list(points)
        self.faults: list[str] = []

    def retrying(self, fault: str, wait_s: float) -> None:
        self.faults.append(fault)

    async def reached(self, point: str) -> None:
        await super().reached(point)
        if point in self._left:
            self._left.remove(point)
            await self._break()

    @property
    def broken(self) -> bool:
        return not self._left


@pytest.fixture
async def filled(breakable: Broken, redis_url: str) -> Broken:
    await consumed(breakable[0], redis_url, mixed(400))
    await value(breakable[0], "CHECKPOINT")
    return breakable


async def restarted(server: BreakablePostgres) -> None:
    server.stop()
    server.start()


async def crashed(server: BreakablePostgres) -> None:
    conn = await asyncpg.connect(server.url())
    await conn.execute("CHECKPOINT")
    await conn.close()
    server.crash()
    server.start()


async def cut(server: BreakablePostgres) -> None:
    conn = await asyncpg.connect(server.url())
    await conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    await conn.close()


@pytest.mark.parametrize("how", [restarted, pytest.param(crashed, marks=pytest.mark.soak), cut])
async def test_a_replay_waits_for_postgres_and_goes_on(
    filled: Broken, how: Callable[[BreakablePostgres], Awaitable[None]]
) -> None:
    url, server = filled
    right = await rows_of(url)
    await forge(url)
    await value(url, "CHECKPOINT")
    points = ("chunk", "filled", "compare", "in the swap", "swapped", "compare", "done")
    watched = Enduring(lambda: how(server), *points)
    reports = await rebuilt(url, observer=watched, settings=HASTY, workers=2)
    assert watched.broken
    assert len(watched.faults) >= 2, "a chunk is read on, and the swap is open: both must notice"
    assert [report.projection for report in reports] == list(NAMES)
    assert not any(report.equal for report in reports)
    assert await rows_of(url) == right
    assert await schemas(url) == [f"replaced_{name}" for name in sorted(NAMES)]
    assert await unbalanced(url) == []


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_check_waits_for_postgres_and_goes_on(filled: Broken, workers: int) -> None:
    url, server = filled
    watched = Enduring(lambda: cut(server), "begun", "chunk", "follow", "compare", "done")
    reports = await rebuilt(url, kind=Kind.CHECK, observer=watched, settings=HASTY, workers=workers)
    assert all(report.equal for report in reports)
    assert watched.broken
    assert await schemas(url) == []
