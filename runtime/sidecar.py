"""The HTTP sidecar: health, readiness, metrics and the test of an agent.

Answers come from memory alone: a request never makes the service ask Postgres or Redis, but for the
test of a centurion, which has connections of its own.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

import asyncpg
import orjson
import structlog
from aiohttp import web
from prometheus_client.metrics_core import Metric
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumers.errors import TransientFault, told
from runtime.agent.context import Line
from runtime.companies.errors import ConfigInvalid
from runtime.exposition import render
from runtime.logs import get_logger
from runtime.metrics import build_version
from runtime.request_ids import CORRELATION_ID, REQUEST_ID, request_ids
from runtime.settings import Settings
from runtime.settings_problems import SettingsInvalid
from runtime.trying.opening import Trials
from runtime.trying.trial import Asked, UnknownCenturion

_log = get_logger(__name__)
_MAX_BODY_BYTES = 1024 * 1024
_NOT_READY = (
    *(TransientFault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError),
    SettingsInvalid,
)

Snapshot = Callable[[], dict[str, Any]]
Families = Callable[[], Iterable[Metric]]


class HistoryMessage(BaseModel):
    """One earlier message of the conversation that is tried out."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["contact", "centurion", "human"]
    text: str = Field(max_length=65536)


class CenturionTest(BaseModel):
    """The body of `POST /centurions/{id}/test`."""

    model_config = ConfigDict(extra="forbid")

    company_id: str = Field(min_length=1, max_length=64)
    message: str = Field(min_length=1, max_length=65536)
    history: tuple[HistoryMessage, ...] = Field(default=(), max_length=200)
    conversation_id: str | None = Field(default=None, min_length=1, max_length=200)
    """A real conversation, whose lines and facts are known to the centurion that is tried."""


class Sidecar:
    """Serves the routes on TCP, and answers from the two callables it is given."""

    def __init__(self, settings: Settings, *, ready: Snapshot, families: Families) -> None:
        self._settings = settings
        self._trials = Trials(settings)
        self._ready = ready
        self._families = families
        self._runner: web.AppRunner | None = None
        self._started_at = 0.0

    async def start(self) -> int:
        """Listen on the settings' host and port; returns the port. Raises OSError when taken."""
        self._started_at = time.monotonic()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        await site.start()
        port = int(self._runner.addresses[0][1])
        _log.info("sidecar.listening", host=self._settings.host, port=port)
        return port

    async def stop(self) -> None:
        """Stop listening; answers under way get two seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self._trials.close()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[_answering_json], client_max_size=_MAX_BODY_BYTES)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._readiness)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_post("/centurions/{id}/test", self._test_centurion)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        uptime_s = round(time.monotonic() - self._started_at, 3)
        return _json({"status": "ok", "version": build_version(), "uptime_s": uptime_s})

    async def _readiness(self, request: web.Request) -> web.Response:
        snapshot = self._ready()
        strict = request.query.get("strict", "") in {"1", "true"}
        return _json(snapshot, status=503 if strict and not snapshot["ready"] else 200)

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = render(self._families(), request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _test_centurion(self, request: web.Request) -> web.Response:
        """A real turn with no side effect; nothing is written but one row of audit."""
        if not self._authorized(request):
            return _error(401, "unauthorized")
        if self._settings.disable_connections:
            return _error(503, "connections disabled")
        if not self._ready()["ready"]:
            return _error(503, "service not ready")
        try:
            given = CenturionTest.model_validate_json(await request.read())
        except ValidationError as error:
            return _error(422, "invalid body", problems=_problems(error))
        asked = Asked(
            given.company_id,
            request.match_info["id"],
            given.message,
            tuple(Line(line.role, line.text) for line in given.history),
            given.conversation_id,
        )
        try:
            return _json(await self._trials.run(asked, by=f"http {request.remote}"))
        except UnknownCenturion:
            return _error(404, "unknown centurion")
        except ConfigInvalid as error:
            return _error(409, "configuration invalid", detail=str(error))
        except _NOT_READY as error:
            _log.warning("http.trial_failed", error=told(error))
            return _error(503, "service not ready")

    def _authorized(self, request: web.Request) -> bool:
        token = self._settings.api_token
        if token is None:
            return True
        given = request.headers.get("Authorization", "").encode(errors="replace")
        return hmac.compare_digest(given, b"Bearer " + token.get_secret_value().encode())


@web.middleware
async def _answering_json(
    request: web.Request,
    handler: Callable[[web.Request], Any],
) -> web.StreamResponse:
    """Bind the request's ids, return them, and turn every fault into JSON without a trace."""
    ids = request_ids(request.headers)
    bound = {"request_id": ids[REQUEST_ID], "correlation_id": ids[CORRELATION_ID]}
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(**bound):
        response = await _answer(request, handler)
        level = _log.info if request.method == "POST" or response.status >= 400 else _log.debug
        level(
            "http.request",
            method=request.method,
            path=request.path,
            status=response.status,
            ms=round((time.perf_counter() - started) * 1000, 1),
        )
    response.headers.update(ids)
    return response


async def _answer(
    request: web.Request, handler: Callable[[web.Request], Any]
) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _error(error.status, (error.reason or "error").lower(), headers=allow)
    except Exception:  # noqa: BLE001 - the caller gets JSON, the log gets the trace
        _log.exception("http.failed", method=request.method, path=request.path)
        return _error(500, "internal error")
    return response


def _problems(error: ValidationError) -> list[dict[str, str]]:
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return [{"field": ".".join(map(str, item["loc"])), "problem": item["msg"]} for item in found]


def _error(
    status: int, error: str, *, headers: dict[str, str] | None = None, **more: Any
) -> web.Response:
    return _json({"error": error, **more}, status=status, headers=headers)


def _json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(body) + b"\n",
        status=status,
        content_type="application/json",
        headers=headers,
    )
