"""A whole runtime for tests of turns: both groups, the relay, a worker, and a channel that keeps record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from redis.asyncio import Redis

from consumers.group import ConsumerGroup
from consumers.groups import AGENT
from consumers.observer import BatchCommitted, SilentObserver
from events.publisher import Publisher
from runtime.channels.port import Sender
from runtime.companies.config import Centurion, Company
from runtime.companies.directory import Directory
from runtime.ids import new_id
from runtime.outbox import Relay, RelaySettings
from runtime.turns.claims import Claims
from runtime.turns.debounce import Debounce, DebounceSettings
from runtime.turns.gathering import Gathering, Knowledge
from runtime.turns.parts import TurnParts
from tests.consumers.members import member, wait_caught_up
from tests.turns.players import Channels, Ears, Mind, Nothing, Thinking

LEASE_S = 30.0
"""Long: only who dies loses a turn here, however slow the machine is."""
WAITS_S = 60.0
"""By far longer than anything takes."""


@dataclass
class Room:
    """What a test looks at."""

    pool: asyncpg.Pool
    redis: Redis
    database_url: str
    redis_url: str
    mind: Mind
    channels: Channels
    ears: Ears
    directory: Directory
    senders: dict[str, Sender]
    numbers: int = 0

    def parts(
        self, kind: type[TurnParts] = TurnParts, *, knowledge: Knowledge | None = None
    ) -> TurnParts:
        """What the turns of a worker share."""
        return kind(
            self.pool,
            self.directory,
            Gathering(self.pool, knowledge or Nothing()),
            self.mind,
            self.senders,
            self.ears,
            16,
            LEASE_S,
        )

    async def write(self, *texts: str, conversation: str = "c-1", **changes: Any) -> list[UUID]:
        """The customer writes, one message a text; the events' ids."""
        bodies = [self.inbound(text, conversation, **changes) for text in texts]
        await self.publish(*bodies)
        return [UUID(str(body["id"])) for body in bodies]

    def inbound(
        self,
        text: str,
        conversation: str = "c-1",
        *,
        company: str = "acme",
        channel: str = "whatsapp",
        **changes: Any,
    ) -> dict[str, Any]:
        """A customer's text message, published now unless `changes` say otherwise."""
        self.numbers += 1
        payload = {
            "message_id": f"in-{self.numbers}",
            "channel": channel,
            "contact": {"id": conversation, "name": "Ana"},
            "text": text,
        }
        return {
            "id": str(new_id()),
            "type": "message_received.text",
            "version": 1,
            "occurred_at": datetime.now(UTC).isoformat(),
            "company_id": company,
            "conversation_id": conversation,
            "source": "tests",
            "correlation_id": f"cor-{self.numbers}",
            "causation_id": None,
            "payload": payload,
        } | changes

    async def tell(self, type_: str, conversation: str = "c-1", **payload: Any) -> None:
        """Somebody publishes another event."""
        body = self.inbound("", conversation) | {"type": type_, "payload": payload}
        await self.publish(body)

    async def publish(self, *bodies: dict[str, Any]) -> None:
        """Append events to their streams."""
        await Publisher(self.redis).publish_raw([orjson.dumps(body) for body in bodies])

    async def human_writes(self, text: str, conversation: str = "c-1") -> None:
        """A person writes from the channel, and the runtime has read of it."""
        await self.tell(
            "message.sent",
            conversation,
            message_id=f"h-{self.numbers}",
            channel="whatsapp",
            contact={"id": conversation},
            text=text,
        )
        await self.wait_true(
            "SELECT EXISTS (SELECT FROM agent.channel_reports WHERE conversation_id = $1)",
            conversation,
        )

    async def wait_true(self, query: str, *args: Any) -> None:
        """Wait until the database says yes."""
        async with asyncio.timeout(WAITS_S):
            while not await self.pool.fetchval(query, *args):  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the test's own objects say."""
        async with asyncio.timeout(WAITS_S):
            while not condition():  # noqa: ASYNC110 - a real condition
                await asyncio.sleep(0.01)

    async def wait_agent_caught_up(self) -> None:
        """Until the agent's group has read everything."""
        await wait_caught_up(self.database_url, self.redis_url, group="agent")

    async def retry_at_once(self) -> None:
        """Take up failed turns without their pause, until no burst is open."""
        await wait_caught_up(self.database_url, self.redis_url, group="agent")
        async with asyncio.timeout(WAITS_S):
            while await self.pool.fetchval(  # noqa: ASYNC110 - a real condition
                "WITH hurried AS (UPDATE agent.turns SET retry_at = now()"
                " WHERE state <> 'done' AND retry_at > now())"
                " SELECT EXISTS (SELECT FROM agent.bursts)"
            ):
                await asyncio.sleep(0.01)
        await self.wait_quiet()

    async def wait_quiet(self) -> None:
        """Until no burst is open and all that was decided stands in the log and the read models."""
        await self.wait_agent_caught_up()
        async with asyncio.timeout(WAITS_S):
            while await self.pool.fetchval(  # noqa: ASYNC110 - a real condition
                "SELECT EXISTS (SELECT FROM agent.bursts) OR EXISTS (SELECT FROM runtime.outbox)"
            ):
                await asyncio.sleep(0.01)
        await wait_caught_up(self.database_url, self.redis_url)

    async def turns(self, conversation: str = "c-1") -> list[tuple[str, str, list[str]]]:
        """(outcome, reason, covers) of `turn.completed`, in the log's order."""
        rows = await self.logged("turn.completed", conversation)
        return [(row["outcome"], row["reason"], row["covers"]) for row in rows]

    async def logged(self, type_: str, conversation: str = "c-1") -> list[dict[str, Any]]:
        """Payloads of the log's events of a type, in order."""
        rows = await self.pool.fetch(
            "SELECT body->'payload' AS payload FROM runtime.event_log"
            " WHERE type = $1 AND conversation_id = $2 ORDER BY position",
            type_,
            conversation,
        )
        return [orjson.loads(row["payload"]) for row in rows]


def centurion(**changes: Any) -> Centurion:
    """Cora, who answers quickly on every channel.

    She may be superseded for as long as a test takes, however slow the machine is.
    """
    known: dict[str, Any] = {
        "id": "cora",
        "name": "Cora",
        "debounce_ms": 100,
        "max_wait_ms": 600_000,
        "channels": {"*": {"kind": "log"}},
    }
    return Centurion.model_validate(known | changes)


async def configure(
    pool: asyncpg.Pool | asyncpg.Connection, company: Company, *centurions: Centurion
) -> None:
    """Put a company and its centurions where the platform keeps them."""
    settings = company.settings.model_dump_json()
    await pool.execute(
        "INSERT INTO core.companies (id, name, status, timezone, locale, settings)"
        " VALUES ($1, $2, $3, $4, $5, $6::jsonb)",
        *(company.id, company.name, company.status, company.timezone, company.locale, settings),
    )
    for one in centurions:
        row = orjson.loads(one.model_dump_json())
        await pool.execute(
            "INSERT INTO core.centurions (id, company_id, name, prompt, models, debounce_ms,"
            " max_wait_ms, qualification, handoff, followup, channels, enabled, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)",
            *(one.id, company.id, one.name, one.prompt, orjson.dumps(row["models"]).decode()),
            *(one.debounce_ms, one.max_wait_ms),
            *(
                orjson.dumps(row[column]).decode()
                for column in ("qualification", "handoff", "followup", "channels")
            ),
            one.enabled,
        )


class _Waking(SilentObserver):
    def __init__(self, *wakes: Callable[[], None]) -> None:
        self._wakes = wakes

    def batch_committed(self, batch: BatchCommitted) -> None:
        for wake in self._wakes:
            wake()


@asynccontextmanager
async def worker(
    room: Room,
    name: str = "worker-1",
    *,
    parts: TurnParts | None = None,
    poll_s: float = 0.1,
    turns: int = 32,
) -> AsyncIterator[Debounce]:
    """One debounce worker, stopped cleanly at the end; no commit wakes it."""
    debounce = Debounce(
        parts or room.parts(),
        Claims(room.pool, worker=name, lease_s=LEASE_S),
        settings=DebounceSettings(turns=turns, poll_s=poll_s, watch_s=0.02, stop_grace_s=5.0),
    )
    task = asyncio.create_task(debounce.run(), name=name)
    try:
        yield debounce
    finally:
        debounce.stop()
        await task


@asynccontextmanager
async def room(
    database_url: str,
    redis_url: str,
    *,
    centurions: Sequence[Centurion] = (),
    company: Company | None = None,
    think: Thinking | None = None,
    agent: ConsumerGroup = AGENT,
) -> AsyncIterator[Room]:
    """Both groups and the relay run; `worker` adds a worker."""
    pool = await asyncpg.create_pool(database_url, min_size=2, max_size=12)
    redis = Redis.from_url(redis_url)
    ears = Ears()
    company = company or Company(id="acme", name="Acme")
    await configure(pool, company, *(centurions or (centurion(),)))
    made = Room(
        pool,
        redis,
        database_url,
        redis_url,
        Mind(think),
        channels := Channels(),
        ears,
        Directory(pool, None),
        {"log": channels, "webhook": channels},
    )
    relay = Relay(
        pool,
        Publisher(redis),
        owned=lambda: range(16),
        observer=ears,
        settings=RelaySettings(poll_s=0.02),
    )
    relaying = asyncio.create_task(relay.run(), name="relay")
    waking = _Waking(relay.wake)
    try:
        async with (
            member(database_url, redis_url, observer=waking),
            member(database_url, redis_url, group=agent, member_id="agent", observer=waking),
        ):
            yield made
    finally:
        relaying.cancel()
        await asyncio.wait({relaying})
        await redis.aclose()
        await pool.close()
