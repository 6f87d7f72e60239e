"""A stream gets each event once, and is gone on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from consumers.selection import Selection
from runtime.exporting.errors import PlaceUnusable, TakenOver, TargetRefused
from runtime.exporting.export import export
from runtime.exporting.pace import Pace
from runtime.exporting.state import State
from runtime.exporting.stream_target import StreamTarget, check_key, place_key
from tests.exporting.logs import event, many, write_log
from tests.exporting.test_file_target import Silent, Stopping, nap

KEY = "history"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


def target(redis: Redis, *, run: str = "run-1", **more: Any) -> StreamTarget:
    return StreamTarget(redis, KEY, run=run, sleep=more.pop("sleep", nap), **more)


async def send(
    conn: asyncpg.Connection,
    to: StreamTarget,
    *,
    watch: Silent | None = None,
    selection: Selection | None = None,
) -> State:
    pace = Pace(500, clock=lambda: 0.0, sleep=nap)
    return await export(conn, selection or Selection(), to, pace=pace, watch=watch or Silent())


async def bodies(redis: Redis) -> list[str]:
    entries: Any = await redis.xrange(KEY)
    assert all(set(fields) == {b"event"} for _, fields in entries)
    return [fields[b"event"].decode() for _, fields in entries]


async def test_each_body_is_sent_verbatim_in_order(conn: asyncpg.Connection, redis: Redis) -> None:
    spaced = json.dumps(event(1_000), indent=2) + "\n"
    rows = await write_log(conn, [*many(300), spaced])
    to = target(redis)
    state = await send(conn, to)
    assert await bodies(redis) == [row.body for row in rows]
    assert state.events == 301
    assert await redis.exists("{history}:replay")
    await to.forget()
    assert await redis.keys("*replay*") == []


async def test_a_stopped_run_is_gone_on_with_by_another(
    conn: asyncpg.Connection, redis: Redis
) -> None:
    rows = await write_log(conn, many(300))
    for number, at in enumerate((50, 120, 250)):
        with pytest.raises(asyncio.CancelledError):
            await send(conn, target(redis, run=f"run-{number}"), watch=Stopping(at))
    watch = Silent()
    await send(conn, target(redis, run="last"), watch=watch)
    assert watch.resumed
    assert await bodies(redis) == [row.body for row in rows]


class LosingAnswers:
    """A client whose server carries a script out, and whose answer is lost on the way."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    async def evalsha(self, *given: Any) -> Any:
        answer = await self._redis.evalsha(*given)
        self.lost += 1
        if self.lost % 2:
            raise RedisConnectionError("cut")
        return answer


async def test_a_lost_answer_sends_nothing_twice(conn: asyncpg.Connection, redis: Redis) -> None:
    rows = await write_log(conn, many(300))
    losing: Any = LosingAnswers(redis)
    await send(conn, target(losing))
    assert losing.lost > 10
    assert await bodies(redis) == [row.body for row in rows]


class CancelsWhileSending:
    """A client whose caller is cancelled while its third script is on the way."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.scripts = 0
        self.caller: asyncio.Task[State] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    async def eval(self, *given: Any) -> Any:
        return await self.evalsha(None, *given[1:], whole=given[0])

    async def evalsha(self, sha: Any, *given: Any, whole: str | None = None) -> Any:
        self.scripts += whole is None
        if self.scripts == 5 and self.caller is not None:
            self.caller.cancel()
        if whole is not None:
            return await self._redis.eval(whole, *given)
        return await self._redis.evalsha(sha, *given)


async def test_a_cancelled_run_tells_all_that_went(conn: asyncpg.Connection, redis: Redis) -> None:
    await write_log(conn, many(300))
    canceling = CancelsWhileSending(redis)
    client: Any = canceling
    to = target(client)
    canceling.caller = asyncio.create_task(send(conn, to))
    with pytest.raises(asyncio.CancelledError):
        await canceling.caller
    assert 0 < to.state.events < 300
    assert len(await bodies(redis)) == to.state.events


async def test_a_run_that_was_taken_over_stops(conn: asyncpg.Connection, redis: Redis) -> None:
    rows = await write_log(conn, many(300))
    first = target(redis, run="first")
    with pytest.raises(asyncio.CancelledError):
        await send(conn, first, watch=Stopping(50))
    await send(conn, target(redis, run="second"))
    with pytest.raises(TakenOver):
        await first.write([], first.state)
    assert await bodies(redis) == [row.body for row in rows]


async def test_another_selection_is_refused_until_it_begins_anew(
    conn: asyncpg.Connection, redis: Redis
) -> None:
    await write_log(conn, many(300))
    with pytest.raises(asyncio.CancelledError):
        await send(conn, target(redis), watch=Stopping(50))
    other = Selection(company="acme", conversation="c-1")
    with pytest.raises(TargetRefused, match="--restart"):
        await send(conn, target(redis, run="b"), selection=other)
    state = await send(conn, target(redis, run="c", restart=True), selection=other)
    assert state.events == 10
    assert len(await bodies(redis)) == 60


async def test_a_place_that_is_gone_or_went_back_stops_it(
    conn: asyncpg.Connection, redis: Redis
) -> None:
    await write_log(conn, many(300))
    to = target(redis)
    with pytest.raises(asyncio.CancelledError):
        await send(conn, to, watch=Stopping(100))
    await redis.hset("{history}:replay", "sent", "50")
    with pytest.raises(PlaceUnusable, match="goes on"):
        await to.write([], to.state)
    await redis.delete("{history}:replay")
    with pytest.raises(PlaceUnusable, match="is gone"):
        await to.write([], to.state)


async def test_it_waits_while_the_stream_is_full(conn: asyncpg.Connection, redis: Redis) -> None:
    rows = await write_log(conn, many(300))
    taken: list[str] = []

    async def read_some(seconds: float) -> None:
        found = await bodies(redis)
        assert 60 < len(found) <= 110
        taken.extend(found)
        await redis.delete(KEY)

    await send(conn, target(redis, max_len=110, sleep=read_some))
    assert [*taken, *await bodies(redis)] == [row.body for row in rows]
    assert len(taken) >= 200


async def test_a_full_stream_takes_what_fits_even_where_a_batch_does_not(
    conn: asyncpg.Connection, redis: Redis
) -> None:
    rows = await write_log(conn, many(60))
    taken: list[str] = []

    async def read_all(seconds: float) -> None:
        taken.extend(await bodies(redis))
        await redis.delete(KEY)

    await send(conn, target(redis, max_len=7, sleep=read_all))
    assert [*taken, *await bodies(redis)] == [row.body for row in rows]


async def test_a_key_of_another_kind_is_refused(conn: asyncpg.Connection, redis: Redis) -> None:
    await redis.set(KEY, "x")
    with pytest.raises(TargetRefused, match="holds a string"):
        await send(conn, target(redis))


async def test_a_damaged_place_is_told(conn: asyncpg.Connection, redis: Redis) -> None:
    await redis.hset("{history}:replay", mapping={"run": "x", "sent": "1", "state": "{}"})
    with pytest.raises(PlaceUnusable, match="--restart"):
        await send(conn, target(redis))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a b",
        "x" * 201,
        "a\n",
        "domain-events:{3}",
        "domain-events:topology",
        "a{b",
        "{}",
        "a}b{c}",
    ],
)
def test_keys_that_cannot_be_are_refused(key: str) -> None:
    with pytest.raises(TargetRefused):
        check_key(key, prefix="domain-events")


def test_the_place_is_in_the_stream_s_slot() -> None:
    for key, place in {
        "history": "{history}:replay",
        "for:{reports}:x": "for:{reports}:x:replay",
        "domain-events-copy": "{domain-events-copy}:replay",
    }.items():
        check_key(key, prefix="domain-events")
        assert place_key(key) == place
