"""The runbook's triage, followed literally: each fault shows up where the runbook says, and goes away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from events.codec import decode
from events.publisher import Publisher
from runtime.ids import new_id
from runtime.outbox import append
from tests.companies.files import applied
from tests.model_server.brain import json_reply
from tests.model_server.misbehaviours import Kind, Misbehave, Rule
from tests.model_server.server import DEFAULT_KEY, ModelServer
from tests.openai_calls.turns import output
from tests.runtime.operators import Operator
from tests.runtime.service_process import DEADLINE_S, Gate, ServiceProcess, serving

COMPANY = """
companies:
  - id: acme
    name: Acme
    centurions:
      - {id: cora, name: Cora, debounce_ms: 50, channels: {"*": {kind: log}}}
    knowledge:
      - {id: hours, title: Horário, body: "Abrimos de segunda a sexta, das 8h às 18h."}
"""
QUESTION = "qual é o horário de vocês?"
KEYS = {"CREDENTIALS_KEY": "00" * 32}
TRIAL = {"company_id": "acme", "message": "oi"}
FAILING_WITHOUT = {"db": "debounce.tick_failed", "redis": "outbox.relay_failed"}


@dataclass
class Triage:
    """A company, its customers, and the operator who is on call."""

    operator: Operator
    folder: Path
    pool: asyncpg.Pool
    customers: list[str] = field(default_factory=list)

    async def apply(self, text: str = COMPANY) -> None:
        await applied(self.pool, self.folder, text)

    async def write(self, text: str = QUESTION) -> str:
        """A new customer writes; the conversation's id."""
        self.customers.append(f"c-{len(self.customers) + 1}")
        async with self.operator.redis() as redis:
            await Publisher(redis).publish_raw([inbound(self.customers[-1], text)])
        return self.customers[-1]

    async def put_into_outbox(self, conversation: str) -> None:
        """An event that the service is to append."""
        waiting = decode(inbound(conversation, "oi"))
        async with self.pool.acquire() as conn, conn.transaction():
            await append(conn, [waiting], partitions=16)

    async def wait_logged(self, type_: str, conversation: str) -> dict[str, Any]:
        """The payload of the conversation's first event of the type."""

        async def look() -> Any:
            return await self.pool.fetchval(
                "SELECT body->'payload' FROM runtime.event_log"
                " WHERE type = $1 AND conversation_id = $2 ORDER BY position LIMIT 1",
                type_,
                conversation,
            )

        payload: dict[str, Any] = orjson.loads(await wait(look))
        return payload

    async def explain(self, conversation: str) -> str:
        answer = await self.operator.run("conversations", "explain", conversation)
        assert answer.code == 0, answer.err
        return " ".join(re.sub(r"[│├└─]", " ", answer.out).split())

    def serving(self, **variables: str) -> Any:
        urls = {"SUPABASE_DB_URL": self.operator.database_url, "REDIS_URL": self.operator.redis_url}
        return serving(**{**urls, **KEYS, **variables})


def inbound(conversation: str, text: str) -> bytes:
    now = datetime.now(UTC).isoformat()
    contact = {"id": conversation}
    payload = {"message_id": str(new_id()), "channel": "whatsapp", "contact": contact, "text": text}
    return orjson.dumps(
        {
            "id": str(new_id()),
            "type": "message_received.text",
            "version": 1,
            "occurred_at": now,
            "company_id": "acme",
            "conversation_id": conversation,
            "source": "tests",
            "correlation_id": conversation,
            "payload": payload,
        }
    )


async def wait(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(DEADLINE_S):
        while not (found := await look()):  # noqa: ASYNC110 - a real condition
            await asyncio.sleep(0.05)
    return found


async def wait_metric(service: ServiceProcess, sample: str) -> float:
    """The value of a sample, once it is there and not 0."""

    async def look() -> float | None:
        _, text = await service.get("/metrics")
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None

    value: float = await wait(look)
    return value


@pytest.fixture
async def triage(operator: Operator, tmp_path: Path) -> Any:
    async with asyncpg.create_pool(operator.database_url, min_size=1, max_size=2) as pool:
        yield Triage(operator, tmp_path, pool)


async def test_without_a_binding_the_rules_answer_and_the_log_says_why(triage: Triage) -> None:
    await triage.apply()
    async with triage.serving() as service:
        conversation = await triage.write()
        line = await service.wait_line("openai.not_used")
        completed = await triage.wait_logged("turn.completed", conversation)

        assert line["detail"] == "OpenAI integration not configured for company acme"
        assert (line["conversation_id"], line["reason"]) == (conversation, "openai_not_configured")
        assert (completed["outcome"], completed["reason"]) == ("replied", "answered_from_knowledge")
        for event in ("message_received.text", "rag.retrieved", "message.sent", "turn.completed"):
            assert (await service.wait_line(event))["conversation_id"] == conversation
        told = await triage.explain(conversation)
        assert "replied: answered_from_knowledge" in told
        assert "model call" not in told


async def test_a_disabled_binding_is_told_too(triage: Triage) -> None:
    await triage.apply(bound("disabled"))
    async with triage.serving() as service:
        await triage.write()
        line = await service.wait_line("openai.not_used")

        assert line["reason"] == "openai_disabled"
        assert {"OpenAI", "company", "disabled"} <= set(re.findall(r"\w+", line["detail"]))


async def test_without_workers_messages_wait_and_the_outbox_is_relayed(triage: Triage) -> None:
    await triage.apply()
    async with triage.serving(DISABLE_WORKERS="true") as service:
        found = await service.wait_ready(lambda r: bool(r["ready"]))
        workers = found["checks"]["workers"]
        assert (workers["state"], workers["reason"]) == ("disabled", "DISABLE_WORKERS is set")

        conversation = await triage.write()
        assert await wait_metric(service, "agent_runtime_open_bursts") == 1
        assert await wait_metric(service, "agent_unanswered_seconds") > 0
        assert "not covered yet" in await triage.explain(conversation)

        await triage.put_into_outbox("c-outbox")
        await triage.wait_logged("message_received.text", "c-outbox")
        assert await wait(lambda: empty(triage, "runtime.outbox"))
        assert not await empty(triage, "agent.bursts")
        service.process.terminate()
        assert await service.wait_exit() == 0

    async with triage.serving() as service:
        completed = await triage.wait_logged("turn.completed", conversation)
        assert completed["outcome"] == "replied"


async def empty(triage: Triage, table: str) -> bool:
    return not await triage.operator.value(f"SELECT count(*) FROM {table}")


async def test_disabled_connections_are_told_by_ready_and_by_the_trial() -> None:
    async with serving(DISABLE_CONNECTIONS="true") as service:
        found = await service.ready()
        assert (found["status"], found["ready"]) == ("degraded", False)
        assert found["connection_mode"] == "disabled"
        for name in ("db", "redis", "consumers", "workers"):
            assert found["checks"][name]["reason"] == "DISABLE_CONNECTIONS is set"

        answer = await service.post("/centurions/cora/test", TRIAL)
        assert answer == (503, {"error": "connections disabled"})


@pytest.mark.parametrize("down", ["db", "redis"])
async def test_a_server_that_is_down_degrades_until_it_is_back(triage: Triage, down: str) -> None:
    await triage.apply()
    gates = {"db": Gate(triage.operator.database_url), "redis": Gate(triage.operator.redis_url)}
    for gate in gates.values():
        await gate.open()
    urls = {"SUPABASE_DB_URL": gates["db"].url, "REDIS_URL": gates["redis"].url}
    async with triage.serving(**urls) as service:
        await service.wait_ready(lambda r: r["status"] == "ok")

        await gates[down].shut()
        found = await service.wait_ready(lambda r: r["checks"][down]["state"] == "failed")
        assert (found["status"], found["ready"], found["connection_mode"]) == (
            "degraded",
            False,
            "failed",
        )
        assert "Error" in found["checks"][down]["reason"]
        assert (await service.get("/ready?strict=1"))[0] == 503
        status, body = await service.post("/centurions/cora/test", TRIAL)
        assert (status, body["error"]) == (503, "service not ready")
        conversation = await triage.write()
        await triage.put_into_outbox("c-outbox")
        line = await service.wait_line(FAILING_WITHOUT[down])
        assert line["error"]

        await gates[down].open()
        await service.wait_ready(lambda r: r["status"] == "ok")
        completed = await triage.wait_logged("turn.completed", conversation)
        assert completed["outcome"] == "replied"
        await triage.wait_logged("message_received.text", "c-outbox")
    for gate in gates.values():
        await gate.shut()


async def test_a_rate_limit_is_told_by_events_logs_metrics_and_the_binding(triage: Triage) -> None:
    async with ModelServer(lambda seen: json_reply(output(reply="Das 8h às 18h."))) as model:
        await triage.apply(with_openai(model.base_url))
        model.program.rule(Rule(Misbehave(Kind.RATE_LIMITED)))
        async with triage.serving() as service:
            conversation = await triage.write()
            failed = await triage.wait_logged("openai.call_failed", conversation)
            completed = await triage.wait_logged("turn.completed", conversation)

            assert (failed["reason"], failed["status"]) == ("openai_rate_limited", 429)
            assert completed["reason"] == "answered_from_knowledge"
            line = await service.wait_line("openai.call_failed")
            assert (line["reason"], line["status"]) == ("openai_rate_limited", 429)
            assert (await service.wait_line("openai.not_used"))["reason"] == "openai_rate_limited"
            assert "failed: openai_rate_limited" in await triage.explain(conversation)
            calls = 'agent_runtime_openai_calls_total{model="gpt-test",outcome="openai_rate_limited",purpose="decide"}'
            assert await wait_metric(service, calls) == 1
            [(status, error)] = await triage.operator.rows(
                "SELECT status, last_error FROM core.company_integration_bindings"
            )
            assert status == "rate_limited"
            assert error.startswith("HTTP 429")
            assert DEFAULT_KEY not in orjson.dumps([error, service.lines]).decode()

            model.program.clear()
            conversation = await triage.write()
            completed = await triage.wait_logged("turn.completed", conversation)
            assert (completed["reason"], completed["model"]) == ("answered", "gpt-test")
            # What a call came to is told a moment after the turn.
            await triage.wait_logged("openai.call_completed", conversation)
            assert "model call for decide" in await triage.explain(conversation)
            status = await triage.operator.value(
                "SELECT status FROM core.company_integration_bindings"
            )
            assert status == "ok"


def bound(mode: str) -> str:
    """The company with a binding of OpenAI."""
    return COMPANY.replace(
        "    centurions:", f"    bindings: {{openai: {{mode: {mode}}}}}\n    centurions:"
    )


def with_openai(base_url: str) -> str:
    """The company with a key, and one attempt a call."""
    return f"""
credential_sets:
  - id: main
    name: Main account
    default: true
    config: {{base_url: "{base_url}", max_attempts: 1, models: {{chat: gpt-test}}}}
    secrets: {{api_key: {DEFAULT_KEY}}}
{bound("global")}"""


async def test_a_failing_tick_is_told_and_the_next_one_comes(triage: Triage) -> None:
    await triage.apply()
    async with triage.serving() as service:
        await service.wait_ready(lambda r: r["status"] == "ok")
        await triage.operator.execute("ALTER TABLE agent.turns RENAME TO turns_away")
        conversation = await triage.write()

        line = await service.wait_line("debounce.tick_failed")
        assert 'relation "agent.turns" does not exist' in line["error"]
        await service.wait_line("debounce.tick_failed", count=2)
        found = await service.wait_ready(lambda r: r["checks"]["workers"]["state"] == "failed")
        assert (found["status"], found["ready"]) == ("degraded", True)
        assert 'relation "agent.turns" does not exist' in found["checks"]["workers"]["reason"]

        await triage.operator.execute("ALTER TABLE agent.turns_away RENAME TO turns")
        completed = await triage.wait_logged("turn.completed", conversation)
        assert completed["outcome"] == "replied"
        await service.wait_ready(lambda r: r["status"] == "ok")


async def test_a_row_that_cannot_be_used_is_told_until_the_turn_is_given_up(
    triage: Triage,
) -> None:
    await triage.apply()
    await triage.operator.execute("UPDATE core.centurions SET handoff = '{\"wrods\": []}'")
    async with triage.serving() as service:
        await triage.write()
        line = await service.wait_line("companies.config_invalid")
        assert (line["company_id"], line["table"], line["id"], line["path"]) == (
            "acme",
            "core.centurions",
            "cora",
            "handoff.wrods",
        )
        assert "handoff.wrods" in (await service.wait_line("turn.failed"))["error"]


async def test_a_channel_that_refuses_is_told_by_logs_and_outbound(triage: Triage) -> None:
    """The model server answers 404 there: a wrong address."""
    async with ModelServer() as receiver:
        url = f"{receiver.url}/nobody"
        await triage.apply(COMPANY.replace("{kind: log}", f'{{kind: webhook, url: "{url}"}}'))
        async with triage.serving() as service:
            conversation = await triage.write()
            completed = await triage.wait_logged("turn.completed", conversation)

            assert (completed["outcome"], completed["reason"]) == ("failed", "channel_refused")
            line = await service.wait_line("outbound.not_sent")
            assert (line["fate"], line["detail"]) == ("failed", "HTTP 404")
            rows = await triage.operator.rows("SELECT state, detail FROM agent.outbound")
            assert rows == [("failed", "HTTP 404")]
            assert "failed: channel_refused" in await triage.explain(conversation)
            fate = 'agent_runtime_outbound_total{fate="failed"}'
            assert await wait_metric(service, fate) == 1
