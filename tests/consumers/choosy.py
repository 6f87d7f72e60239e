"""Conversations that a projection refuses, and what an operator asks for about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import asyncpg
import orjson

from consumers.group import ConsumerGroup
from consumers.groups import PROJECTIONS
from events.envelope import RecordedEvent
from events.partitioning import partition_of
from projections.projection import Changes, State
from projections.registry import by_name
from runtime.embedded import EmbeddedServers
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_dead_letters import body
from tests.consumers.test_exactly_once import publish
from tests.runtime.operators import POISON, Refusing, Switch

SICK = "sick"
PARKED = "SELECT count(*) FROM runtime.parked"
RECEIVED = "SELECT received_count FROM projections.conversations WHERE conversation_id = $1"
_ACCOUNT = """
    SELECT sum(applied)::int, sum(parked)::int, sum(discarded)::int
      FROM runtime.projection_checkpoints WHERE projection = $1
"""


@dataclass(frozen=True)
class Choosy(Refusing):
    """A projection that refuses some texts; it remembers what of one conversation it has folded."""

    refused: set[str] = field(default_factory=lambda: {POISON})
    folded: list[int] = field(default_factory=list)

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        texts = {getattr(r.event.payload, "text", None) for r in events}
        if bad := texts & self.refused:
            raise KeyError(*bad)
        self.folded.extend(r.position for r in events if r.event.conversation_id == SICK)
        return self.inner.fold(state, events)


def choosy(name: str = "conversations") -> Choosy:
    return Choosy(by_name(name), Switch())


def group_with(sick: Refusing, group: ConsumerGroup = PROJECTIONS) -> ConsumerGroup:
    """The group with one projection in another's place."""
    fed = tuple(sick if p.name == sick.name else p for p in group.projections)
    return replace(group, projections=fed)


def message(number: int, conversation: str, text: str) -> bytes:
    event = body(number, conversation_id=conversation)
    event["payload"] = {**event["payload"], "text": text, "message_id": f"m-{number}"}  # type: ignore[dict-item]
    return orjson.dumps(event)


def messages(conversation: str, *texts: str, first: int = 0) -> list[bytes]:
    return [message(first + n, conversation, text) for n, text in enumerate(texts)]


async def ask(
    db: asyncpg.Connection,
    conversation: str = SICK,
    *,
    kind: str = "retry_parked",
    projection: str = "conversations",
    group: str = "projections",
    company: str = "acme",
) -> int:
    """Write a request as the command line does."""
    number: int = await db.fetchval(
        "INSERT INTO runtime.requests (kind, group_name, partition, projection, company_id,"
        " conversation_id, requested_by) VALUES ($1, $2, $3, $4, $5, $6, 'test') RETURNING id",
        *(kind, group, partition_of(company, conversation, 16)),
        *(projection, company, conversation),
    )
    return number


async def answer(db: asyncpg.Connection, request: int) -> tuple[str, int]:
    """Its outcome and how many were moved, once it is done."""
    sql = "SELECT outcome, moved FROM runtime.requests WHERE id = $1 AND done_at IS NOT NULL"
    async with asyncio.timeout(60):
        while (row := await db.fetchrow(sql, request)) is None:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)
    return row["outcome"], row["moved"]


async def wait_parked(db: asyncpg.Connection, least: int, most: int | None = None) -> None:
    """Until so many events wait, or from `least` to `most`."""
    wanted = range(least, (least if most is None else most) + 1)
    async with asyncio.timeout(60):
        while await db.fetchval(PARKED) not in wanted:  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.02)


async def leave_to_requests(db: asyncpg.Connection) -> None:
    """However slow the test is: no try by time comes before what is asked for."""
    await db.execute("UPDATE runtime.parked SET tried_at = 'infinity'")


async def account(
    db: asyncpg.Connection, projection: str = "conversations"
) -> tuple[int, int, int]:
    """Applied, parked and discarded, over all partitions."""
    rows = await db.fetch(_ACCOUNT, projection)
    return tuple(rows[0])


async def park(db: asyncpg.Connection, database_url: str, redis_url: str, *texts: str) -> None:
    """A conversation whose second message was refused by other code; nobody is running."""
    await publish(redis_url, messages(SICK, "oi", POISON, *texts))
    async with member(database_url, redis_url, group=group_with(choosy())):
        await wait_caught_up(database_url, redis_url)
    assert await db.fetchval(PARKED) == 1 + len(texts)


@asynccontextmanager
async def second_database(servers: EmbeddedServers, template: str) -> AsyncIterator[str]:
    """Another migrated database, for a run without whatever goes wrong in the first."""
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE without_trouble TEMPLATE {template}")
    try:
        yield servers.postgres.url("without_trouble")
    finally:
        await admin.execute("DROP DATABASE without_trouble WITH (FORCE)")
        await admin.close()


async def read_models(database_url: str, schema: str = "projections") -> dict[str, list[str]]:
    """All rows of all tables of read models, all columns, in one order."""
    conn = await asyncpg.connect(database_url)
    tables = await conn.fetch(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = $1 AND table_type = 'BASE TABLE'",
        schema,
    )
    rows = {
        name: [
            row[0] for row in await conn.fetch(f"SELECT t::text FROM {schema}.{name} t ORDER BY 1")
        ]
        for (name,) in tables
    }
    await conn.close()
    return rows


async def check_equal_to_a_run_without_trouble(
    servers: EmbeddedServers, template: str, database_url: str, redis_url: str
) -> None:
    """The same streams read into another database by code that refuses nothing."""
    async with second_database(servers, template) as second_url:
        async with member(second_url, redis_url, member_id="without-trouble"):
            await wait_caught_up(second_url, redis_url)
        wanted, found = await read_models(second_url), await read_models(database_url)
    assert len(wanted) >= 9
    assert found.keys() == wanted.keys()
    different = [name for name in wanted if found[name] != wanted[name]]
    assert different == []
