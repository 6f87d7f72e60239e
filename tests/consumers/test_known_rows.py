"""What a batch of the log's group has written, the next one knows, until another writes it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from consumers.errors import CheckpointMoved
from consumers.joined_writes import LoneWrites
from consumers.known_rows import KnownRows, kept_table
from events.partitioning import partition_of
from projections.projection import Table
from projections.registry import ALL
from tests.consumers.choosy import PARKED, RECEIVED, choosy, group_with, messages
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_dead_letters import CONVERSATION
from tests.consumers.test_exactly_once import publish
from tests.consumers.test_lone_commits import Owner
from tests.runtime.operators import POISON


@pytest.fixture
async def owner(pool: asyncpg.Pool) -> Owner:
    owner = Owner(pool)
    await owner.begin()
    return owner


async def test_rows_that_were_written_are_not_asked_for_again(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    fetch = LoneWrites.fetch

    async def noted(self: LoneWrites, query: str, *args: Any) -> list[asyncpg.Record]:
        asked.append(query)
        return await fetch(self, query, *args)

    monkeypatch.setattr(LoneWrites, "fetch", noted)
    await owner.commit(2, 3)
    assert asked == []
    await owner.reload()
    await owner.commit(4)
    assert len(asked) == 1
    assert await owner.pool.fetchval(RECEIVED, CONVERSATION) == 4


async def test_rows_that_another_wrote_are_asked_for_again(owner: Owner) -> None:
    """As a repair does: in a transaction that raises the projection's revision."""
    await owner.commit(2)
    async with owner.pool.acquire() as repair, repair.transaction():
        await repair.execute("UPDATE projections.conversations_v1 SET received_count = 100")
        await repair.execute("UPDATE runtime.projection_checkpoints SET revision = revision + 1")
    with pytest.raises(CheckpointMoved):
        await owner.commit(3)
    await owner.reload()
    await owner.commit(3)
    assert await owner.pool.fetchval(RECEIVED, CONVERSATION) == 101


async def test_what_was_refused_is_not_known(owner: Owner) -> None:
    await owner.pool.execute(
        "ALTER TABLE projections.conversations_v1 ADD CONSTRAINT no_more CHECK (received_count < 2)"
    )
    with pytest.raises(Exception, match="no_more"):
        await owner.commit(2)
    await owner.pool.execute("ALTER TABLE projections.conversations_v1 DROP CONSTRAINT no_more")
    await owner.commit(2)
    assert await owner.pool.fetchval(RECEIVED, CONVERSATION) == 2


async def test_after_a_batch_that_was_tried_apart_rows_are_asked_for(
    database_url: str, redis_url: str
) -> None:
    """Beside a poisoned conversation of the same partition another one counts right."""
    place = partition_of("acme", "well", 16)
    sick = next(f"c-{n}" for n in count() if partition_of("acme", f"c-{n}", 16) == place)
    async with member(database_url, redis_url, group=group_with(choosy())):
        await publish(redis_url, messages("well", "oi"))
        await wait_caught_up(database_url, redis_url)
        await publish(
            redis_url, [*messages("well", "a", first=1), *messages(sick, POISON, first=2)]
        )
        await wait_caught_up(database_url, redis_url)
        await publish(redis_url, messages("well", "b", first=3))
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    found = await conn.fetchval(PARKED), await conn.fetchval(RECEIVED, "well")
    await conn.close()
    assert found == (1, 3)


def test_the_rows_that_were_written_last_are_kept() -> None:
    known = KnownRows()
    known.learn("conversations", {("acme", str(n)): n for n in range(200)})
    known.learn("conversations", {("acme", "100"): -1, ("acme", "199"): None, ("acme", "new"): 7})
    rows = known.of("conversations")
    assert len(rows) <= 128
    assert rows["acme", "100"] == -1
    assert rows["acme", "new"] == 7
    assert ("acme", "0") not in rows
    assert ("acme", "199") not in rows
    assert known.of("messages") == {}
    known.forget("conversations")
    assert known.of("conversations") == {}


def test_tables_are_kept_that_have_a_row_a_conversation() -> None:
    kept = {table.name for projection in ALL if (table := kept_table(projection))}
    assert kept == {"conversations", "bursts"}


@dataclass(slots=True)
class Contact:
    company_id: str
    contact_id: str
    name: str


def test_a_table_with_another_key_is_not_kept() -> None:
    contacts: Any = SimpleNamespace(tables=(Table("contacts", Contact, key=2),))
    assert kept_table(contacts) is None
