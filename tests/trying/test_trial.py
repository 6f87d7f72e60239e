"""A centurion is tried out as it would answer, and nothing is left behind but a row of audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import pytest
from aiohttp import ClientSession

from runtime.cipher import Cipher, key_bytes
from runtime.companies.config import Company
from runtime.settings import load_settings
from runtime.sidecar import Sidecar
from tests.model_server.brain import json_reply
from tests.model_server.server import ModelServer
from tests.openai_calls.turns import output
from tests.turns.room import centurion, configure, room, worker

CORA = centurion(
    qualification={
        "threshold": 0.5,
        "criteria": [
            {"key": "nome", "type": "field_present", "field": "name", "label": "seu nome"},
            {"key": "fone", "type": "field_present", "field": "phone", "label": "seu telefone"},
        ],
    }
)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url)
    await configure(conn, Company(id="acme", name="Acme"), CORA, centurion(id="off", enabled=False))
    await configure(conn, Company(id="globex", name="Globex"), centurion(id="gil"))
    yield conn
    await conn.close()


@asynccontextmanager
async def serving(database_url: str, redis_url: str) -> AsyncIterator[str]:
    environ = {
        "SUPABASE_DB_URL": database_url,
        "REDIS_URL": redis_url,
        "PORT": "0",
        "HOST": "127.0.0.1",
    }
    settings = load_settings(environ, env_file=None)
    sidecar = Sidecar(settings, ready=lambda: {"ready": True}, families=list)
    port = await sidecar.start()
    try:
        yield f"http://127.0.0.1:{port}/centurions"
    finally:
        await sidecar.stop()


async def tried(url: str, centurion_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    given = {"company_id": "acme", "message": "oi", **body}
    async with ClientSession() as http, http.post(f"{url}/{centurion_id}/test", json=given) as got:
        return got.status, await got.json()


async def rows_of_everything(db: asyncpg.Connection) -> dict[str, int]:
    tables = await db.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
        " WHERE schemaname IN ('agent', 'core', 'projections', 'runtime')"
    )
    return {t["name"]: await db.fetchval(f"SELECT count(*) FROM {t['name']}") for t in tables}


async def test_the_rules_answer_where_there_is_no_openai_and_each_step_is_told(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    before = await rows_of_everything(db)
    async with serving(database_url, redis_url) as url:
        status, said = await tried(
            url, "cora", message="Oi, me chamo Ana Lima, meu fone é 11 98765-4321"
        )
    assert status == 200
    assert said["ok"] is True
    assert said["reply"]
    assert {fact["name"]: fact["value"] for fact in said["facts"]} == {
        "name": "Ana Lima",
        "phone": "+5511987654321",
    }
    assert (said["score"]["score"], said["score"]["qualified"]) == (1.0, True)
    assert (said["model"], said["usage"]) == (None, None)
    steps = [step["step"] for step in said["decisions"]]
    assert "openai_not_configured" in steps
    assert steps[-1] == "handed_off"
    assert {"step": "decided_by", "detail": "rules"} in said["decisions"]
    changed = {
        table: count - before[table]
        for table, count in (await rows_of_everything(db)).items()
        if count != before[table]
    }
    assert changed == {"runtime.audit_log": 1}
    row = await db.fetchrow("SELECT action, arguments FROM runtime.audit_log")
    assert row is not None
    assert row["action"] == "centurions test"
    assert orjson.loads(row["arguments"])["centurion_id"] == "cora"


async def test_a_model_answers_where_there_is_one(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    async with (
        ModelServer(lambda seen: json_reply(output(reply="Abrimos até o meio-dia."))) as server,
        serving_with_key(database_url, redis_url, db, server) as url,
    ):
        status, said = await tried(url, "cora", message="vocês abrem no sábado?")
    assert status == 200
    assert said["model"], said["decisions"]
    assert said["reply"] == "Abrimos até o meio-dia."
    assert said["usage"]["prompt_tokens"] > 0
    assert len(server.calls) == 1
    assert await db.fetchval("SELECT count(*) FROM runtime.outbox") == 0


@asynccontextmanager
async def serving_with_key(
    database_url: str, redis_url: str, db: asyncpg.Connection, server: ModelServer
) -> AsyncIterator[str]:
    key = "ab" * 32
    secret = Cipher(key_bytes(key)).encrypt(
        orjson.dumps({"api_key": next(iter(server.keys))}).decode()
    )
    config = {"base_url": server.base_url, "models": {"chat": "gpt-4.1-mini"}}
    await db.execute(
        "INSERT INTO core.integration_credential_sets"
        " (id, provider, name, is_default, config, secrets_encrypted)"
        " VALUES ('main', 'openai', 'main', true, $1, $2)",
        orjson.dumps(config).decode(),
        secret,
    )
    environ = {
        "SUPABASE_DB_URL": database_url,
        "REDIS_URL": redis_url,
        "CREDENTIALS_KEY": key,
        "PORT": "0",
        "HOST": "127.0.0.1",
    }
    sidecar = Sidecar(
        load_settings(environ, env_file=None), ready=lambda: {"ready": True}, families=list
    )
    port = await sidecar.start()
    try:
        yield f"http://127.0.0.1:{port}/centurions"
    finally:
        await sidecar.stop()


@pytest.mark.parametrize("unknown", ["nobody", "gil", "off"])
async def test_unknown_disabled_and_other_companies_centurions_are_404(
    database_url: str, redis_url: str, db: asyncpg.Connection, unknown: str
) -> None:
    async with serving(database_url, redis_url) as url:
        assert await tried(url, unknown) == (404, {"error": "unknown centurion"})
    assert await db.fetchval("SELECT count(*) FROM runtime.audit_log") == 0


async def test_the_history_given_is_what_was_said_before(
    database_url: str, redis_url: str, db: asyncpg.Connection
) -> None:
    asked = [
        {"role": "contact", "text": "oi"},
        {"role": "centurion", "text": "Olá! Qual é o seu nome?"},
    ]
    async with serving(database_url, redis_url) as url:
        _, first = await tried(url, "cora", message="oi")
        _, again = await tried(url, "cora", message="oi", history=asked)
    assert first["reply"] != again["reply"]


async def test_a_real_conversation_lends_its_lines_and_facts(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url, centurions=[CORA]) as here, worker(here):
        await here.write("oi")
        await here.wait_quiet()
        await here.pool.execute(
            "INSERT INTO agent.facts VALUES"
            " ('acme', 'c-1', 'name', '\"Bia\"', 'sou a Bia', gen_random_uuid(), 0.9, 'rules')"
        )
        async with serving(database_url, redis_url) as url:
            status, said = await tried(url, "cora", message="e agora?", conversation_id="c-1")
    assert status == 200
    assert [(fact["name"], fact["value"]) for fact in said["facts"]] == [("name", "Bia")]
