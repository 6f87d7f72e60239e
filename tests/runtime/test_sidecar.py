"""The sidecar over real HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import structlog

from runtime.metrics import Metrics
from runtime.readiness import Readiness, State
from runtime.settings import Settings, load_settings
from runtime.sidecar import Sidecar

BODY = {"company_id": "acme", "message": "oi"}


def settings(**more: str) -> Settings:
    environ = {"PORT": "0", "HOST": "127.0.0.1", **more}
    return load_settings(environ, embedded=True, env_file=None)


def readiness(*, ready: bool) -> Readiness:
    found = Readiness(disabled=False, workers_disabled=False)
    if ready:
        for name in ("db", "redis", "consumers"):
            found.record(name, State.OK)
    return found


@asynccontextmanager
async def serving(
    variables: dict[str, str] | None = None,
    *,
    ready: bool = False,
    snapshot: Callable[[], dict[str, Any]] | None = None,
) -> AsyncIterator[aiohttp.ClientSession]:
    state = readiness(ready=ready)
    sidecar = Sidecar(
        settings(**(variables or {})),
        ready=snapshot or state.snapshot,
        families=Metrics(lambda: (), state.ups).collect,
    )
    port = await sidecar.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        await sidecar.stop()


async def test_health_is_always_200() -> None:
    async with serving() as client, client.get("/health") as answer:
        assert answer.status == 200
        assert (await answer.json())["status"] == "ok"


@pytest.mark.parametrize(
    ("ready", "query", "status"),
    [(False, "", 200), (False, "?strict=1", 503), (True, "", 200), (True, "?strict=1", 200)],
)
async def test_ready_is_200_unless_a_probe_asks_strictly(
    ready: bool, query: str, status: int
) -> None:
    async with serving(ready=ready) as client, client.get(f"/ready{query}") as answer:
        assert answer.status == status
        assert (await answer.json())["ready"] is ready


async def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    async with serving() as client:
        async with client.get("/metrics") as plain:
            assert plain.content_type == "text/plain"
            assert 'agent_runtime_check_up{check="db"} 0.0' in await plain.text()
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with client.get("/metrics", headers=accept) as openmetrics:
            assert openmetrics.content_type == "application/openmetrics-text"
            assert (await openmetrics.text()).endswith("# EOF\n")


@pytest.mark.parametrize(
    ("ready", "variables", "body", "status", "error"),
    [
        (False, {"DISABLE_CONNECTIONS": "true"}, BODY, 503, "connections disabled"),
        (False, {}, BODY, 503, "service not ready"),
        (True, {}, BODY, 503, "service not ready"),
        (True, {}, {"company_id": "acme"}, 422, "invalid body"),
        (True, {}, {**BODY, "history": [{"role": "x", "text": ""}]}, 422, "invalid body"),
    ],
)
async def test_trying_a_centurion(
    ready: bool, variables: dict[str, str], body: Any, status: int, error: str
) -> None:
    async with (
        serving(variables, ready=ready) as client,
        client.post("/centurions/c1/test", json=body) as answer,
    ):
        assert answer.status == status
        assert (await answer.json())["error"] == error


async def test_a_body_that_is_no_json_is_422() -> None:
    async with (
        serving(ready=True) as client,
        client.post("/centurions/c1/test", data=b"{") as answer,
    ):
        assert answer.status == 422


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ação", "token-of-the-api"])
async def test_post_wants_the_token_when_there_is_one(header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    async with (
        serving({"API_TOKEN": "token-of-the-api"}) as client,
        client.post("/centurions/c1/test", json=BODY, headers=headers) as answer,
    ):
        assert answer.status == 401
        assert await answer.json() == {"error": "unauthorized"}


async def test_the_token_opens_post_and_get_needs_none() -> None:
    headers = {"Authorization": "Bearer token-of-the-api"}
    async with serving({"API_TOKEN": "token-of-the-api"}) as client:
        async with client.post("/centurions/c1/test", json=BODY, headers=headers) as answer:
            assert answer.status == 503
        async with client.get("/ready") as answer:
            assert answer.status == 200


async def test_faults_are_json_without_a_trace() -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("inside")

    async with serving(snapshot=broken) as client:
        async with client.get("/nothing") as missing:
            assert (missing.status, await missing.json()) == (404, {"error": "not found"})
        async with client.post("/health") as method:
            assert (method.status, await method.json()) == (405, {"error": "method not allowed"})
            assert "GET" in method.headers["Allow"]
        async with client.get("/ready") as failed:
            assert (failed.status, await failed.json()) == (500, {"error": "internal error"})


async def test_a_body_that_is_too_large_is_413() -> None:
    large = io.BytesIO(b"x" * (2 * 1024 * 1024))
    async with (
        serving(ready=True) as client,
        client.post("/centurions/c1/test", data=large) as answer,
    ):
        assert answer.status == 413
        assert "error" in await answer.json()


async def test_ids_are_returned_and_logged() -> None:
    ids = {"x-request-id": "r-1", "x-correlation-id": "c-1"}
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        async with serving() as client, client.get("/nothing", headers=ids) as answer:
            assert {name: answer.headers[name] for name in ids} == ids

    (line,) = [line for line in lines if line["event"] == "http.request"]
    assert (line["request_id"], line["correlation_id"]) == ("r-1", "c-1")
    assert line["status"] == 404


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, 'q"'])
async def test_an_unusable_id_is_replaced(bad: str) -> None:
    async with (
        serving() as client,
        client.get("/health", headers={"x-request-id": bad}) as answer,
    ):
        assert answer.headers["x-request-id"] != bad
        assert answer.headers["x-correlation-id"] == answer.headers["x-request-id"]
