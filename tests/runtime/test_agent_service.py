"""The agent's part of a process does as the settings say, and its metrics tell how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import runtime.agent_service
from runtime.agent_metrics import AgentMetrics
from runtime.agent_service import AgentService
from runtime.companies.config import Company, CompanySettings
from runtime.connections import Connections
from runtime.settings import load_settings
from tests.companies.files import applied
from tests.model_server.brain import json_reply
from tests.model_server.server import DEFAULT_KEY, ModelServer
from tests.openai_calls.turns import output
from tests.turns.room import Room, room

CREDENTIALS = """
credential_sets:
  - id: main
    name: Main
    default: true
    config: {{base_url: "{url}", models: {{chat: gpt-test}}}}
    secrets: {{api_key: {key}}}
"""
PRICES = "- {model: gpt-test, since: 2026-01-01, input: 1000, output: 1000}"
CONVERSATIONS = tuple(f"c-{number}" for number in range(1, 5))


@dataclass
class Gauges:
    """What is scraped of a process."""

    registry: CollectorRegistry

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@asynccontextmanager
async def agent(here: Room, **variables: str) -> AsyncIterator[Gauges]:
    """The room's conversations are answered by a whole agent; it relays nothing."""
    environ = {"SUPABASE_DB_URL": here.database_url, "REDIS_URL": here.redis_url}
    keys = {"CREDENTIALS_KEY": "00" * 32}
    settings = load_settings({**environ, **keys, **variables}, env_file=None)
    connections, registry = Connections(settings), CollectorRegistry()
    await connections.open_pool()
    service = AgentService(
        settings,
        await connections.wait_open(),
        connections,
        worker="worker-1",
        owned=list,
        metrics=AgentMetrics(registry),
    )
    running = asyncio.create_task(service.run(), name="agent")
    try:
        yield Gauges(registry)
    finally:
        service.stop()
        await running
        await connections.close()


@asynccontextmanager
async def model(here: Room, folder: Path) -> AsyncIterator[tuple[ModelServer, asyncio.Event]]:
    """The company's model, which answers once the event is set."""
    answers = asyncio.Event()
    async with ModelServer(lambda _: replace(json_reply(output()), after=answers)) as server:
        text = CREDENTIALS.format(url=server.base_url, key=DEFAULT_KEY)
        await applied(here.pool, folder, text)
        yield server, answers


async def written(here: Room, *conversations: str) -> None:
    """Somebody wrote in each of them, and it is waiting."""
    for conversation in conversations:
        await here.write("oi, tudo bem?", conversation=conversation)
    await here.wait_agent_caught_up()


async def test_as_many_turns_are_at_work_and_leased_for_as_long_as_the_settings_say(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with (
        room(database_url, redis_url) as here,
        model(here, tmp_path) as (server, answers),
    ):
        await written(here, *CONVERSATIONS)
        async with agent(here, TURNS="2", TURN_LEASE_S="1000"):
            await server.wait_arrived(2)
            leases = await here.pool.fetch(
                "SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 AS left_s"
                " FROM agent.turns WHERE state <> 'done'"
            )
            answers.set()
            await here.wait_quiet()
    assert [500 < row["left_s"] <= 1000 for row in leases] == [True, True]


async def test_a_call_shows_with_the_price_of_the_operator_s_own_list_and_its_breaker(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES, encoding="utf-8")
    async with (
        room(database_url, redis_url) as here,
        model(here, tmp_path) as (_, answers),
        agent(here, OPENAI_PRICES=str(prices)) as gauge,
    ):
        answers.set()
        await written(here, "c-1")
        await here.wait_quiet()
        [told] = await here.logged("turn.completed")
        dollars = gauge("agent_runtime_openai_cost_dollars_total", model="gpt-test")
        breaker = gauge("agent_runtime_openai_breaker_open", credential_set="main")
    assert float(told["cost"]) == pytest.approx(told["tokens"]["total"] / 1000)
    assert dollars == pytest.approx(float(told["cost"]))
    assert breaker == 0


async def test_how_long_customers_wait_is_told_while_turns_hold_all_that_the_workers_may_use(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime.agent_service, "_LOOK_EVERY_S", 0.05)
    company = Company(id="acme", name="Acme", settings=CompanySettings(turns_at_once=64))
    async with room(database_url, redis_url, company=company) as here:
        # More turns than the process has connections.
        await written(here, *(f"held-{number}" for number in range(12)))
        async with (
            here.pool.acquire() as conn,
            agent(here, DB_POOL_MAX="10", LANES="2", TURN_LEASE_S="600") as gauge,
        ):
            async with conn.transaction():
                await conn.execute("SELECT FROM agent.conversation_control FOR UPDATE")
                await here.wait_true(
                    "SELECT count(*) >= 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND application_name = 'agent-runtime' AND datname = current_database()"
                )
                await written(here, "c-1")
                await here.until(lambda: gauge("agent_runtime_open_bursts") == 13)
                assert (gauge("agent_unanswered_seconds") or 0) > 0
            await here.wait_quiet()
            await here.until(lambda: gauge("agent_runtime_open_bursts") == 0)
            assert gauge("agent_unanswered_seconds") == 0
