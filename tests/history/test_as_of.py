"""A conversation as it was is what a fold of its events up to then gives, written independently."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from events.partitioning import partition_of, stream_key
from runtime.history.as_of import By, Cut, EventElsewhere, Past, cut_at, past
from runtime.history.moments import Moment
from runtime.queries.conversations import Conversation, conversation
from tests.consumers.members import member, wait_caught_up
from tests.history import oracle
from tests.history.material import Logged, generated, placed, real, write

MOMENTS = 200


def by_conversation(logged: list[Logged]) -> dict[tuple[str, str], list[Logged]]:
    found = defaultdict(list)
    for one in logged:
        found[one.scope].append(one)
    return found


def told(then: Past) -> dict[str, Any]:
    """A past state as the oracle gives it."""
    found = asdict(then.found)
    stopped = {stop.read_model: stop.event.position for stop in then.stops}
    return {
        "state": found["state"],
        "leads": found["leads"],
        "handoffs": found["handoffs"],
        "messages": found["transcript"],
        "stopped": {name: at for name, at in stopped.items() if name in oracle.READS},
    }


async def check(conn: asyncpg.Connection, logged: list[Logged], seed: int) -> int:
    """At random moments of random conversations, of each kind; how many read models stood still."""
    dice = Random(seed)
    conversations = by_conversation(logged)
    stops = 0
    for number in range(MOMENTS):
        one = dice.choice(logged)
        moment, by, is_in = draw(dice, one, number)
        wanted = [(e.position, e.body) for e in conversations[one.scope] if is_in(e)]
        cut = await cut_at(conn, one.scope, moment, by=by)
        then = await past(conn, one.scope, cut, messages=50, page=dice.choice([1, 7, 1000]))
        expected = oracle.state_of(wanted, messages=50)
        assert told(then) == expected, (number, one.scope, moment, by)
        assert then.events == len(wanted)
        stops += len(then.stops)
    return stops


def draw(dice: Random, one: Logged, number: int) -> tuple[Moment, By, Any]:
    occurred = oracle.when(one.body)
    if number % 3 == 0:
        return Moment(event_id=UUID(one.body["id"])), "recorded_at", position_up_to(one.position)
    # Now and then just before the event: a moment is inclusive, and not more than that.
    early = timedelta(microseconds=dice.choice([0, 0, 1]))
    if number % 3 == 1:
        at = one.recorded_at - early
        return Moment(at=at), "recorded_at", lambda e: e.recorded_at <= at
    then = occurred - early
    return Moment(at=then), "occurred_at", lambda e: oracle.when(e.body) <= then


def position_up_to(position: int) -> Any:
    return lambda e: e.position <= position


@pytest.mark.parametrize("seed", [1, 2])
async def test_at_random_moments_of_generated_conversations(database_url: str, seed: int) -> None:
    logged = placed(generated(seed, 4000))
    await write(database_url, logged)
    conn = await asyncpg.connect(database_url)
    assert await check(conn, logged, seed) > MOMENTS / 4
    await conn.close()


async def test_at_random_moments_of_real_conversations(database_url: str, corpus: Path) -> None:
    logged = placed(real(corpus, 6000))
    await write(database_url, logged)
    conn = await asyncpg.connect(database_url)
    assert await check(conn, logged, 3) == 0
    await conn.close()


async def test_now_it_is_what_the_read_models_of_a_running_engine_show(
    database_url: str, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    bodies = generated(9, 1500)
    for body in bodies:
        key = stream_key(partition_of(body["company_id"], body["conversation_id"], 16))
        await redis.xadd(key, {"event": orjson.dumps(body)})
    await redis.aclose()
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
    conn = await asyncpg.connect(database_url)
    scopes = {(body["company_id"], body["conversation_id"]) for body in bodies}
    for scope in scopes:
        live = await conversation(conn, *scope, messages=20)
        then = (await past(conn, scope, Cut(), messages=20)).found
        assert then == live
        # What reads the answers may count on the order of columns and of facts too.
        assert [list(row) for row in rows(then)] == [list(row) for row in rows(live)]
    await conn.close()
    assert len(scopes) == 40


def rows(found: Conversation) -> list[dict[str, Any]]:
    facts = [lead["facts"] for lead in found.leads]
    return [found.state or {}, *found.leads, *found.handoffs, *found.transcript, *facts]


async def test_an_event_of_another_conversation_says_whose_it_is(database_url: str) -> None:
    logged = placed(generated(5, 50))
    await write(database_url, logged)
    one = logged[0]
    conn = await asyncpg.connect(database_url)
    moment = Moment(event_id=UUID(one.body["id"]))
    whose = f"is of conversation {one.scope[1]} of company {one.scope[0]}"
    with pytest.raises(EventElsewhere, match=whose):
        await cut_at(conn, (one.scope[0], "another"), moment, by="recorded_at")
    with pytest.raises(EventElsewhere, match=r"no event .* in the log"):
        await cut_at(conn, one.scope, Moment(event_id=UUID(int=7)), by="recorded_at")
    await conn.close()
