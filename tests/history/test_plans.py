"""Looking back reads a big log through its indexes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from events.partitioning import partition_of
from projections.statements import statements
from runtime.embedded import EmbeddedServers
from runtime.history import event
from runtime.history.timeline import timeline
from runtime.queries.events import Wanted, newest, next_after, places
from tests.history.material import START
from tests.told import Told

ROWS = 120_000
_FILL = """
INSERT INTO runtime.event_log (partition, position, event_id, type, version, company_id,
                               conversation_id, occurred_at, recorded_at, entry_id, body)
SELECT p, row_number() OVER (PARTITION BY p ORDER BY n), uuid,
       (ARRAY['message_received.text', 'message.sent', 'turn.completed'])[1 + n % 3],
       1, 'company-' || n % 25, 'c-' || n % 2000, at, at, n || '-0',
       json_build_object('id', uuid, 'type', 'message_received.text', 'version', 1,
                         'occurred_at', to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                         'company_id', 'company-' || n % 25, 'conversation_id', 'c-' || n % 2000,
                         'source', 'test', 'correlation_id', 'cor-' || n / 10,
                         'payload', json_build_object('text', repeat('x', 300)))
  FROM generate_series(0, $1::integer - 1) AS n,
       LATERAL (SELECT lpad(to_hex(n), 32, '0')::uuid AS uuid,
                       $2::timestamptz + n * interval '10 seconds' AS at,
                       ($3::smallint[])[1 + n % 2000] AS p) AS made
"""
_PLACES = """
INSERT INTO runtime.checkpoints (group_name, partition, position)
SELECT 'projections', partition, max(position) FROM runtime.event_log GROUP BY 2
"""
SCOPE = ("company-7", "c-1007")
MIDDLE = START + timedelta(seconds=10 * ROWS // 2)


class Explaining:
    """A connection that asks for the plan of each statement before it carries it out."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.plans: list[str] = []

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        plan = await self._conn.fetch(f"EXPLAIN (ANALYZE, TIMING OFF) {query}", *args)
        self.plans.append("\n".join(row[0] for row in plan))
        return await self._conn.fetch(query, *args)


@pytest.fixture(scope="module")
def big_database(servers: EmbeddedServers, migrated_template: str) -> str:
    """Events of two weeks, of 25 companies and 2000 conversations."""
    partitions = [partition_of(f"company-{n % 25}", f"c-{n}", 16) for n in range(2000)]

    async def fill() -> None:
        admin = await asyncpg.connect(servers.database_url)
        await admin.execute(f"CREATE DATABASE big_log TEMPLATE {migrated_template}")
        await admin.close()
        conn = await asyncpg.connect(servers.postgres.url("big_log"))
        await conn.execute(_FILL, ROWS, START, partitions)
        await conn.execute(_PLACES)
        await conn.execute("VACUUM ANALYZE runtime.event_log")
        await conn.close()

    asyncio.run(fill())
    return servers.postgres.url("big_log")


@pytest.fixture
async def big_log(big_database: str) -> AsyncIterator[Any]:
    """A connection that explains, as a command has one: without prepared statements."""
    conn = await asyncpg.connect(big_database, statement_cache_size=0)
    yield Explaining(conn)
    await conn.close()


def check(big_log: Explaining, at_least: int = 1) -> None:
    assert len(big_log.plans) >= at_least
    for plan in big_log.plans:
        assert "Seq Scan on event_log" not in plan, plan


async def test_an_event_and_what_is_around_it(big_log: Any, told: Told) -> None:
    began = time.perf_counter()
    (row,) = await event.events_by_id(big_log, [UUID(int=ROWS // 2)], None)
    assert (await event.told(big_log, row)).effects == []
    told.say(f"events show in a log of {ROWS}: {(time.perf_counter() - began) * 1000:.0f} ms")
    check(big_log, 6)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(type="message.sent"),
        Wanted(company_id=SCOPE[0]),
        Wanted(company_id=SCOPE[0], conversation_id=SCOPE[1]),
        Wanted(after=MIDDLE),
    ],
    ids=str,
)
async def test_the_newest_events_and_those_that_come(big_log: Any, wanted: Wanted) -> None:
    last = await places(big_log)
    assert await newest(big_log, wanted, last, limit=20)
    await next_after(big_log, wanted, {p: at - 100 for p, at in last.items()})
    check(big_log, 4)


async def test_a_time_is_found_in_few_steps(big_log: Any) -> None:
    last = await places(big_log)
    await newest(big_log, Wanted(after=START + timedelta(days=13)), last, limit=20)
    (search,) = [plan for plan in big_log.plans if "Recursive Union" in plan]
    steps = next(line for line in search.splitlines() if "Recursive Union" in line)
    assert float(steps.split("rows=")[-1].split()[0]) <= 16 * 16
    check(big_log, 3)


async def test_what_led_to_what(big_log: Any) -> None:
    bounds = {"since": MIDDLE, "until": MIDDLE + timedelta(hours=12)}
    found = await timeline(big_log, SCOPE, **bounds, limit=500, alone=False)
    assert found.nodes
    check(big_log, 5)


async def test_a_conversation_page_by_page(big_log: Any) -> None:
    sql = statements("runtime.history", "history.sql")
    rows = await big_log.fetch(sql["page"], *SCOPE, 0, None, MIDDLE, None, 1000)
    assert orjson.loads(rows[0]["body"])["conversation_id"] == SCOPE[1]
    await big_log.fetch(sql["first"], *SCOPE)
    check(big_log, 2)
