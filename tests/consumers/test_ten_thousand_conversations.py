"""Ten thousand conversations and a poisoned one, which waits alone and comes back in order."""

from __future__ import annotations

import asyncio
from itertools import count

import asyncpg
import pytest

from runtime.embedded import EmbeddedServers
from tests.consumers.choosy import (
    PARKED,
    RECEIVED,
    SICK,
    Choosy,
    answer,
    ask,
    check_equal_to_a_run_without_trouble,
    choosy,
    group_with,
    leave_to_requests,
    message,
    messages,
    wait_parked,
)
from tests.consumers.members import member, wait_caught_up
from tests.consumers.test_exactly_once import publish
from tests.consumers.test_many_kills import UNBALANCED
from tests.runtime.operators import POISON

CONVERSATIONS, ROUNDS, FOLLOWERS = 10_000, 3, 700
LIVE = 500_000
"""Numbers of the sick conversation's events that come later."""


def bodies() -> list[bytes]:
    """Rounds of a message in each conversation, and the sick one's in between."""
    sick = messages(SICK, "oi", POISON, *(f"{n}?" for n in range(FOLLOWERS)), first=900_000)
    sent: list[bytes] = []
    for number_of_round in range(ROUNDS):
        for number in range(CONVERSATIONS):
            text = f"{number_of_round} of {number}"
            sent.append(message(number_of_round * CONVERSATIONS + number, f"c{number}", text))
            if number % 40 == 0 and sick:
                sent.append(sick.pop(0))
    return sent + sick


async def check_while_parked(conn: asyncpg.Connection, sick: Choosy) -> None:
    """The others have everything, the sick one has everything but in one read model."""
    complete = await conn.fetchval(
        "SELECT count(*) FROM projections.conversations WHERE conversation_id <> $1"
        " AND received_count = $2 AND last_message_text = format('%s of %s', $2::int - 1,"
        "                                       substr(conversation_id, 2))",
        SICK,
        ROUNDS,
    )
    transcripts = await conn.fetchrow(
        "SELECT count(*) FILTER (WHERE conversation_id = $1) AS sick,"
        " count(*) FILTER (WHERE conversation_id <> $1) AS others FROM projections.messages",
        SICK,
    )
    parked = await conn.fetch(
        "SELECT projection, conversation_id, event_id, reason FROM runtime.parked ORDER BY position"
    )
    logged = await conn.fetch(
        "SELECT event_id FROM runtime.event_log WHERE conversation_id = $1 ORDER BY position", SICK
    )
    assert complete == CONVERSATIONS
    assert transcripts is not None
    assert tuple(transcripts) == (2 + FOLLOWERS, ROUNDS * CONVERSATIONS)
    assert [tuple(row) for row in parked] == [
        (sick.name, SICK, row[0], "follows_parked" if place else "projection_refused")
        for place, row in enumerate(logged[1:])
    ]
    assert await conn.fetchval(RECEIVED, SICK) == 1
    assert await conn.fetch(UNBALANCED) == []


@pytest.mark.timeout(600)
async def test_one_of_ten_thousand_waits_alone_and_comes_back_in_order(
    servers: EmbeddedServers, migrated_template: str, database_url: str, redis_url: str
) -> None:
    sick, later, drained = choosy(), count(LIVE), asyncio.Event()
    conn = await asyncpg.connect(database_url)

    async def keep_writing() -> None:
        while not drained.is_set():
            await publish(redis_url, messages(SICK, "ao vivo", first=next(later)))

    async with member(database_url, redis_url, group=group_with(sick)):
        await publish(redis_url, bodies())
        await wait_caught_up(database_url, redis_url, within_s=300)
        await leave_to_requests(conn)
        await check_while_parked(conn, sick)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_writing(), name="customer")
            await wait_parked(conn, FOLLOWERS + 20, 10**6)
            sick.refused.clear()
            outcome, moved = await answer(conn, await ask(conn))
            drained.set()
        await publish(redis_url, messages(SICK, "fim", first=next(later)))
        await wait_caught_up(database_url, redis_url)
    sent = 2 + FOLLOWERS + next(later) - LIVE
    assert (outcome, moved > FOLLOWERS + 20) == ("drained", True)
    assert sick.folded == sorted(set(sick.folded))
    assert len(sick.folded) == sent
    assert await conn.fetchval(RECEIVED, SICK) == sent
    assert await conn.fetchval(PARKED) == 0
    assert await conn.fetch(UNBALANCED) == []
    await conn.close()
    await check_equal_to_a_run_without_trouble(servers, migrated_template, database_url, redis_url)
