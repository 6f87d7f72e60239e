"""However a model's server misbehaves, the customer is answered, and events and explain say why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
import pytest
from prometheus_client import CollectorRegistry

from events.catalogue.turns import TurnCompleted
from events.envelope import RecordedEvent
from runtime.agent.reasons import Reason
from runtime.agent_metrics import AgentMetrics
from runtime.cipher import Cipher, key_bytes
from runtime.explaining.explain import explain
from runtime.extraction import extract
from runtime.logs import get_logger
from runtime.openai.access import OpenAIAccess
from runtime.openai.thinker import OpenAIThinker
from runtime.queries.conversations import inbox_states, logged_events
from runtime.turns.deciding import Deciding
from runtime.usage_events import UsageEvents
from tests.explaining.told import printed
from tests.model_server.misbehaviours import Kind
from tests.model_server.server import ModelServer
from tests.turns.room import Room, room, worker

CIPHER = Cipher(key_bytes("ab" * 32))
FATES = {
    Kind.RATE_LIMITED: Reason.OPENAI_RATE_LIMITED,
    Kind.INSUFFICIENT_QUOTA: Reason.OPENAI_QUOTA_EXHAUSTED,
    Kind.UNAUTHORIZED: Reason.OPENAI_KEY_REJECTED,
    Kind.MODEL_NOT_FOUND: Reason.OPENAI_REQUEST_INVALID,
    Kind.SERVER_ERROR: Reason.OPENAI_UNAVAILABLE,
    Kind.NEVER_ANSWERS: Reason.OPENAI_TIMEOUT,
    Kind.CUT_IN_BODY: Reason.OPENAI_UNAVAILABLE,
    Kind.NOT_JSON: Reason.OPENAI_BAD_OUTPUT,
    Kind.LENGTH: Reason.OPENAI_BAD_OUTPUT,
    Kind.WRONG_SCHEMA: Reason.OPENAI_BAD_OUTPUT,
    Kind.REFUSAL: Reason.OPENAI_REFUSED,
    Kind.EMPTY: Reason.OPENAI_BAD_OUTPUT,
}


@asynccontextmanager
async def thinking(
    here: Room, server: ModelServer, *, timeout_s: float
) -> AsyncIterator[AgentMetrics]:
    """The room's turns are decided by the company's model, else by the rules."""
    config = {
        "base_url": server.base_url,
        "models": {"chat": "gpt-4.1-mini"},
        "max_attempts": 1,
        "timeout_s": timeout_s,
    }
    secret = orjson.dumps({"api_key": next(iter(server.keys))}).decode()
    await here.pool.execute(
        "INSERT INTO core.integration_credential_sets"
        " (id, provider, name, is_default, config, secrets_encrypted)"
        " VALUES ('main', 'openai', 'main', true, $1, $2)",
        orjson.dumps(config).decode(),
        CIPHER.encrypt(secret),
    )
    metrics = AgentMetrics(CollectorRegistry())
    usages = UsageEvents(here.pool, metrics, get_logger(__name__), partitions=16)
    access = OpenAIAccess(here.pool, CIPHER, usages)
    here.mind.think = Deciding(OpenAIThinker(access, deadline_s=60), extract).decide
    try:
        yield metrics
    finally:
        await access.aclose()


@pytest.mark.parametrize("kind", FATES, ids=str)
async def test_the_customer_is_answered_and_the_reason_is_told(
    database_url: str, redis_url: str, kind: Kind
) -> None:
    async with (
        ModelServer() as server,
        room(database_url, redis_url) as here,
        thinking(here, server, timeout_s=1.0 if kind is Kind.NEVER_ANSWERS else 60.0) as metrics,
        worker(here),
    ):
        server.program.next(*[kind] * 3)
        await here.write("oi, boa tarde")
        await here.wait_quiet()
        async with here.pool.acquire() as conn:
            events = await logged_events(conn, "acme", "c-1")
            text = printed(explain(events, await inbox_states(conn, "acme", "c-1")))
        failed = await here.logged("openai.call_failed")
        completed = await here.logged("openai.call_completed")
    assert outcomes(events) == ["replied"]
    [said] = here.channels.texts
    assert "openai" not in said.lower()
    assert said.strip()
    reasons = {call["reason"] for call in failed}
    if completed:
        # Paid for and of no use: refused, empty, or not of the agreed shape.
        assert FATES[kind] in {Reason.OPENAI_REFUSED, Reason.OPENAI_BAD_OUTPUT}
    else:
        assert reasons == {FATES[kind]}
        assert f"{FATES[kind]}" in text
    calls = next(iter(metrics.openai_calls.collect())).samples
    assert sum(sample.value for sample in calls if sample.name.endswith("_total")) == len(
        failed
    ) + len(completed)


def outcomes(events: Sequence[RecordedEvent]) -> list[str]:
    """Of the turns in a conversation's events."""
    payloads = [recorded.event.payload for recorded in events]
    return [payload.outcome for payload in payloads if isinstance(payload, TurnCompleted)]
