"""A member at work on a steady stream of valid events, watched while its surroundings break."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import RedisError

from consumers.engine import Engine
from consumers.engine_settings import EngineSettings
from consumers.groups import PROJECTIONS
from consumers.observer import SilentObserver
from consumers.redis_clients import RedisClients
from consumers.status import GroupState, GroupStatus
from events.partitioning import partition_of, stream_key
from runtime.readiness import Readiness
from tests.consumers.members import wait_caught_up

QUICK = EngineSettings(
    partitions=16,
    lease_s=4.0,
    heartbeat_s=0.1,
    batch_events=200,
    block_ms=100,
    retry_initial_s=0.02,
    retry_max_s=0.3,
    stop_grace_s=5.0,
)
"""The shape of the defaults, some ten times quicker."""
_TIMEOUT_S = 0.4
_CONVERSATIONS = 40
_LOOPS = QUICK.lanes + 6
"""The lanes and what else a member does by turns, at most."""


@dataclass(frozen=True, slots=True)
class Retry_:  # noqa: N801 - `Retry` is redis-py's
    """One announced retry."""

    at: float
    fault: str
    attempt: int
    wait_s: float


class Recorder(SilentObserver):
    """Keeps every announced retry."""

    def __init__(self) -> None:
        self.retries: list[Retry_] = []

    def retrying(self, group: str, error: str, attempt: int, wait_s: float) -> None:
        self.retries.append(Retry_(monotonic(), error, attempt, wait_s))

    def saw(self, fault: str) -> bool:
        """Whether a retry named the fault."""
        return any(fault in retry.fault for retry in self.retries)


async def wait_until(condition: Callable[[], bool], *, within_s: float = 90) -> None:
    """Until something is so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.01)


@dataclass
class Load:
    """Publishes one event after another, each until Redis confirms it, in order."""

    redis_url: str
    published: list[int] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _ends: bool = False
    _abandoned: bool = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="load")

    async def wait_more(self, events: int) -> None:
        """Until so many more were confirmed."""
        wanted = len(self.published) + events
        await wait_until(lambda: len(self.published) >= wanted or self._ended())
        if self._task is not None and self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Afterwards every event that was begun is confirmed or was never sent."""
        self._ends = True
        await self._wait_ended()
        self._ends = False

    async def abandon(self) -> None:
        """Stop it, be an event sent or not."""
        self._ends = self._abandoned = True
        await self._wait_ended()

    async def _wait_ended(self) -> None:
        if self._task is not None:
            await self._task
            self._task = None

    def _ended(self) -> bool:
        return self._task is not None and self._task.done()

    async def _run(self) -> None:
        client = Redis.from_url(
            self.redis_url, socket_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        try:
            while not self._ends:
                await self._publish(client, len(self.published))
                await asyncio.sleep(0.004)
        finally:
            await client.aclose()

    async def _publish(self, client: Redis, number: int) -> None:
        key = stream_key(partition_of("acme", conversation(number), QUICK.partitions))
        while not self._abandoned:
            try:
                await client.xadd(key, {"event": orjson.dumps(_body(number))})
            except (RedisError, OSError):
                await asyncio.sleep(0.02)
            else:
                self.published.append(number)
                return


def conversation(number: int) -> str:
    return f"c-{number % _CONVERSATIONS}"


def event_id(number: int) -> str:
    return f"0190a000-0000-7000-8000-{number:012d}"


def _body(number: int) -> dict[str, object]:
    return {
        "id": event_id(number),
        "type": "message_received.text",
        "version": 1,
        "occurred_at": "2026-11-02T12:00:00Z",
        "company_id": "acme",
        "conversation_id": conversation(number),
        "source": "test",
        "correlation_id": "c-1",
        "payload": {
            "message_id": f"m-{number}",
            "channel": "whatsapp",
            "contact": {"id": "5511999990000"},
            "text": f"oi {number}",
        },
    }


@dataclass
class Work:
    """A running member, its load, and what was seen of it."""

    engine: Engine
    task: asyncio.Task[None]
    load: Load
    seen: Recorder
    database_url: str
    redis_url: str

    @property
    def status(self) -> GroupStatus:
        return self.engine.status()

    async def wait_flowing(self) -> None:
        """Until events published from now on are in Postgres."""
        await self.load.wait_more(10)
        before = self.status.last_commit_at
        await wait_until(
            lambda: (
                self.status.last_commit_at not in {before, None}
                and self.status.state is GroupState.RUNNING
            )
        )

    async def wait_retrying(self, fault: str) -> None:
        """Until the group says of itself that it retries because of the fault."""
        await wait_until(
            lambda: (
                self.status.state is GroupState.RETRYING and fault in (self.status.last_error or "")
            )
        )
        shown = shown_in_ready(self.status)
        assert shown["state"] == "failed"
        assert shown["reason"]

    async def wait_more_retries(self, retries: int) -> None:
        """Until so many more were announced."""
        wanted = len(self.seen.retries) + retries
        await wait_until(lambda: len(self.seen.retries) >= wanted)

    def check_paced(self, settings: EngineSettings = QUICK) -> None:
        """No loop retries sooner than it said: what was announced fits into the time that passed."""
        retries = self.seen.retries
        assert all(retry.wait_s >= settings.retry_initial_s / 2 for retry in retries)
        elapsed_s = retries[-1].at - retries[0].at
        # Each loop's last announcement may still be running.
        running_s = _LOOPS * max(settings.retry_max_s, settings.heartbeat_s)
        assert sum(retry.wait_s for retry in retries) <= _LOOPS * elapsed_s + running_s

    async def finish(self) -> None:
        """Stop the load, let the member catch up, and hold Postgres against what was published."""
        await self.wait_flowing()
        await self.load.stop()
        await wait_caught_up(self.database_url, self.redis_url)
        await wait_until(lambda: self.status.state is GroupState.RUNNING)
        assert not self.task.done()
        assert shown_in_ready(self.status)["state"] == "ok"
        conn = await asyncpg.connect(self.database_url)
        try:
            await check_exactly_once(conn, self.load.published)
        finally:
            await conn.close()


def shown_in_ready(status: GroupStatus) -> dict[str, object]:
    """What `/ready` says of the group."""
    readiness = Readiness(disabled=False, workers_disabled=False)
    readiness.consumers([status])
    shown: dict[str, object] = readiness.snapshot()["checks"]["consumers"]
    return shown


@asynccontextmanager
async def engine_running(
    database_url: str,
    redis_url: str,
    *,
    seen: SilentObserver,
    settings: EngineSettings = QUICK,
    redis_retries: int = 2,
) -> AsyncIterator[tuple[Engine, asyncio.Task[None]]]:
    """A member whose clients are set as `runtime.connections` sets them, only quicker."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=6, timeout=2.0)
    commands_retry = Retry(ExponentialWithJitterBackoff(cap=0.1, base=0.01), redis_retries)
    clients = RedisClients(
        reading=Redis.from_url(redis_url, socket_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 0)),
        commands=Redis.from_url(redis_url, socket_timeout=_TIMEOUT_S, retry=commands_retry),
    )
    engine = Engine(
        PROJECTIONS,
        pool=pool,
        redis=clients,
        settings=settings,
        member_id="member-1",
        observer=seen,
    )
    task = asyncio.create_task(engine.run(), name="member-1")
    try:
        yield engine, task
    finally:
        await engine.stop()
        await asyncio.wait([task])
        pool.terminate()
        await clients.reading.aclose()
        await clients.commands.aclose()
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def working(
    database_url: str,
    redis_url: str,
    *,
    settings: EngineSettings = QUICK,
    seen: Recorder | None = None,
    redis_retries: int = 2,
) -> AsyncIterator[Work]:
    """A member in the middle of its work."""
    seen = seen or Recorder()
    load = Load(redis_url)
    running = engine_running(
        database_url, redis_url, seen=seen, settings=settings, redis_retries=redis_retries
    )
    async with running as (engine, task):
        work = Work(engine, task, load, seen, database_url, redis_url)
        load.start()
        try:
            await work.wait_flowing()
            yield work
        finally:
            await load.abandon()


async def check_exactly_once(conn: asyncpg.Connection, published: list[int]) -> None:
    """Every event once and in order, in the log and in a read model; nothing set aside."""
    logged = await conn.fetch(
        "SELECT event_id::text AS id, conversation_id FROM runtime.event_log"
        " ORDER BY partition, position"
    )
    messages = await conn.fetch("SELECT event_id::text AS id FROM projections.messages")
    wanted = sorted(map(event_id, published))
    assert sorted(row["id"] for row in logged) == wanted
    assert sorted(row["id"] for row in messages) == wanted
    by_conversation: dict[str, list[str]] = defaultdict(list)
    for row in logged:
        by_conversation[row["conversation_id"]].append(row["id"])
    assert all(ids == sorted(ids) for ids in by_conversation.values())
    gaps = "SELECT 1 FROM runtime.event_log GROUP BY partition HAVING max(position) <> count(*)"
    assert await conn.fetch(gaps) == []
    assert await conn.fetchval("SELECT count(*) FROM runtime.parked") == 0
    assert await conn.fetchval("SELECT count(*) FROM runtime.dead_letters") == 0
