"""A whole runtime for two tenants: real groups, relay, worker, model server and channel."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from prometheus_client import CollectorRegistry

from events.partitioning import partition_of, stream_key
from runtime.agent_metrics import AgentMetrics
from runtime.channels.registry import open_senders
from runtime.companies.directory import Directory
from runtime.companies.knowledge import KnowledgeSearch
from runtime.extraction.extractor import extract
from runtime.logs import get_logger
from runtime.openai.access import AccessSettings, OpenAIAccess
from runtime.openai.thinker import OpenAIThinker
from runtime.turns.claims import Claims
from runtime.turns.debounce import Debounce, DebounceSettings
from runtime.turns.deciding import Deciding
from runtime.turns.gathering import Gathering
from runtime.turns.parts import TurnParts
from runtime.usage_events import UsageEvents
from tests.channel_server.server import ChannelServer, channel_server
from tests.companies.files import CIPHER, applied
from tests.model_server.brain import Reply, json_reply
from tests.model_server.misbehaviours import Kind, Misbehave
from tests.model_server.protocol import Seen
from tests.model_server.server import ModelServer, ServerSettings
from tests.openai_calls.turns import output
from tests.tenants.tenants import PARTITIONS, TENANTS, Tenant, company_file, event
from tests.turns.room import LEASE_S, Room, room


@dataclass
class House:
    """What a test looks at, and what it does."""

    room: Room
    models: ModelServer
    channel: ChannelServer
    knowledge: KnowledgeSearch
    thinker: OpenAIThinker
    broken: set[Tenant] = field(default_factory=set)
    """Whose key the model server refuses."""
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def pool(self) -> asyncpg.Pool:
        return self.room.pool

    async def publish(self, tenant: Tenant, type_: str, conversation: str, **payload: Any) -> None:
        """An event that somebody tells, now."""
        self.numbers[tenant.id, conversation] += 1
        number = self.numbers[tenant.id, conversation]
        body = event(tenant, type_, conversation, number, **payload)
        body["occurred_at"] = datetime.now(UTC).isoformat()
        # As a producer of a newer build would: not through this one's publisher.
        key = stream_key(partition_of(tenant.id, conversation, PARTITIONS))
        await self.room.redis.xadd(key, {"event": orjson.dumps(body)})

    async def write(self, tenant: Tenant, conversation: str, text: str) -> None:
        """The tenant's customer writes."""
        number = self.numbers[tenant.id, conversation] + 1
        await self.publish(
            tenant,
            "message_received.text",
            conversation,
            message_id=f"in-{number}",
            channel="whatsapp",
            contact={"id": conversation, "name": f"Ana {tenant.canary}"},
            text=text,
        )

    def think(self, seen: Seen) -> Reply | Misbehave:
        """The model answers in the words of whose key it is asked with."""
        [whose] = [tenant for tenant in TENANTS if tenant.api_key == seen.key]
        if whose in self.broken:
            return Misbehave(Kind.UNAUTHORIZED)
        if "pessoa" in seen.last_user_text:
            wish = {"wanted": True, "reason": "asked_for_human", "brief": f"quer {whose.canary}"}
            return json_reply(output(reply=f"Um momento, {whose.canary}.", handoff=wish))
        mail = f"ana@{whose.canary}.com.br"
        if mail in seen.last_user_text:
            fact = {"name": "email", "value": mail, "quote": mail, "confidence": 0.9}
            return json_reply(output(reply=f"Anotado, {whose.canary}.", facts=[fact]))
        return json_reply(output(reply=f"Aqui é da {whose.canary}, pedido {seen.number}."))


@asynccontextmanager
async def house(database_url: str, redis_url: str, folder: Path) -> AsyncIterator[House]:
    """Both tenants are at home, and one worker serves them."""
    async with AsyncExitStack() as stack:
        keys = tuple(tenant.api_key for tenant in TENANTS)
        models = await stack.enter_async_context(ModelServer(settings=ServerSettings(keys=keys)))
        channel = await stack.enter_async_context(channel_server())
        here = await stack.enter_async_context(room(database_url, redis_url))
        origin = channel.url.removesuffix("/hook")
        await applied(here.pool, folder, company_file(models.base_url, origin), CIPHER)
        metrics = AgentMetrics(CollectorRegistry())
        access = OpenAIAccess(
            here.pool,
            CIPHER,
            UsageEvents(here.pool, metrics, get_logger(__name__), partitions=PARTITIONS),
            settings=AccessSettings(closing_s=5),
        )
        stack.push_async_callback(access.aclose)
        thinker = OpenAIThinker(access, deadline_s=20)
        made = House(here, models, channel, KnowledgeSearch(here.pool), thinker)
        models.answering = made.think
        await stack.enter_async_context(_worker(made))
        yield made


@asynccontextmanager
async def _worker(made: House) -> AsyncIterator[None]:
    here = made.room
    async with open_senders(now=lambda: datetime.now(UTC)) as senders:
        parts = TurnParts(
            here.pool,
            Directory(here.pool, CIPHER),
            Gathering(here.pool, made.knowledge),
            Deciding(made.thinker, extract),
            senders,
            here.ears,
            PARTITIONS,
            LEASE_S,
        )
        debounce = Debounce(
            parts,
            Claims(here.pool, worker="worker-1", lease_s=LEASE_S),
            settings=DebounceSettings(poll_s=0.05, watch_s=0.02, stop_grace_s=5.0),
        )
        task = asyncio.create_task(debounce.run(), name="worker-1")
        try:
            yield
        finally:
            debounce.stop()
            await task
