"""A server that speaks OpenAI's documented HTTP protocol, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from tests.model_server import errors
from tests.model_server.answers import answer, error_answer, refusal_of
from tests.model_server.brain import Answering, Reply, default_brain
from tests.model_server.misbehaviours import (
    SPOILS_THE_RIGHT_ANSWER,
    Kind,
    Misbehave,
    Program,
)
from tests.model_server.programming import ProgramWish
from tests.model_server.protocol import Endpoint, Seen
from tests.model_server.reading import Admission, read
from tests.model_server.records import Call, Record
from tests.model_server.sending import Payload, error_payload, reset, send

DEFAULT_KEY = "sk-test"
LISTED_MODELS = ("gpt-5-mini", "text-embedding-3-small", "gpt-4o-mini-transcribe")
_MAX_REQUEST_BYTES = 64 * 1024 * 1024
_PATHS = {
    Endpoint.CHAT: "/v1/chat/completions",
    Endpoint.RESPONSES: "/v1/responses",
    Endpoint.EMBEDDINGS: "/v1/embeddings",
    Endpoint.TRANSCRIPTIONS: "/v1/audio/transcriptions",
}


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How a server starts."""

    port: int = 0
    """0: a free one."""
    keys: tuple[str, ...] = (DEFAULT_KEY,)
    models: tuple[str, ...] | None = None
    """The only models that exist; None: every name does."""
    delay_ms: tuple[float, float] = (0, 0)
    """Bounds of the random delay before each answer."""
    seed: int = 0
    """Of the delays and of the shares of rules; each depends on the request's number alone."""
    record: Path | None = None


def drawn_delay_ms(settings: ServerSettings, number: int) -> float:
    """The random delay of a request: the same for the same seed and number."""
    return random.Random(f"{settings.seed} delay {number}").uniform(*settings.delay_ms)


class ModelServer:
    """The server, an async context manager. In-process it shares the test's event loop."""

    def __init__(
        self, answering: Answering = default_brain, settings: ServerSettings | None = None
    ) -> None:
        self._settings = settings or ServerSettings()
        self.answering = answering
        """Who thinks; may be replaced at any time."""
        self.keys = set(self._settings.keys)
        """The keys that are known; may be changed at any time."""
        self.program = Program(seed=self._settings.seed)
        self._record = Record(self._settings.record)
        self._open = ExitStack()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Without a path; `/_record` and `/_program` are below it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What the official client takes as its `base_url`."""
        return f"{self.url}/v1"

    @property
    def calls(self) -> list[Call]:
        """Every request to an endpoint of OpenAI's so far, in order of arrival."""
        return self._record.calls

    async def wait_arrived(self, count: int) -> None:
        """Until so many requests have come in."""
        await self._record.wait(lambda calls: len(calls) >= count)

    async def wait_finished(self, count: int) -> None:
        """Until the server is done with so many requests."""
        await self._record.wait(
            lambda calls: sum(call.finished is not None for call in calls) >= count
        )

    async def __aenter__(self) -> Self:
        self._open.enter_context(self._record)
        app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
        for endpoint, path in _PATHS.items():
            app.router.add_post(path, self._handler(endpoint))
        app.router.add_get("/v1/models", self._handler(Endpoint.MODELS))
        app.router.add_get("/v1/models/{model}", self._handler(Endpoint.MODELS))
        app.router.add_get("/_record", self._show_record)
        app.router.add_post("/_program", self._take_program)
        app.router.add_route("*", "/{path:.*}", self._unknown_url)
        # A client that leaves cancels its handler: that is how the record knows. No handler may
        # outlive the server, and some never answer.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._settings.port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        self._open.close()

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            reading = await read(
                request, endpoint, Admission(keys=self.keys, models=self._settings.models)
            )
            call, seen = self._record.arrive(request.path, _request_id(), reading.seen)
            there = True
            try:
                return await self._respond(request, call, seen, reading.refusal)
            except (asyncio.CancelledError, ConnectionError):
                there = False
                raise
            finally:
                self._record.finish(call, client_there=there)

        return handle

    async def _respond(
        self, request: web.Request, call: Call, seen: Seen, refusal: errors.Refusal | None
    ) -> web.StreamResponse:
        if refusal is not None:
            return await self._send(request, call, error_answer(call, refusal), None)
        reply, misbehave = self._decide(seen)
        call.misbehaviour = misbehave.kind if misbehave else None
        await self._wait(seen, reply, misbehave)
        if misbehave is not None:
            if misbehave.kind is Kind.NEVER_ANSWERS:
                await asyncio.Event().wait()
            if misbehave.kind is Kind.CUT_BEFORE_STATUS:
                return reset(request)
            refusal = refusal_of(seen, misbehave)
        if refusal is not None:
            payload = error_answer(call, refusal)
        else:
            models = self._settings.models or LISTED_MODELS
            payload = answer(call, seen, reply, misbehave, models)
        return await self._send(request, call, payload, misbehave)

    async def _send(
        self, request: web.Request, call: Call, payload: Payload, misbehave: Misbehave | None
    ) -> web.StreamResponse:
        call.status = payload.status
        return await send(request, payload, request_id=call.request_id, misbehave=misbehave)

    def _decide(self, seen: Seen) -> tuple[Reply, Misbehave | None]:
        """The program's word; else the test's own, whose misbehaviour spoils a default answer."""
        misbehave = self.program.take(seen)
        if seen.endpoint is Endpoint.MODELS or (
            misbehave is not None and misbehave.kind not in SPOILS_THE_RIGHT_ANSWER
        ):
            return Reply(), misbehave
        said = self.answering(seen)
        if isinstance(said, Misbehave):
            return default_brain(seen), misbehave or said
        return said, misbehave

    async def _wait(self, seen: Seen, reply: Reply, misbehave: Misbehave | None) -> None:
        if reply.after is not None:
            await reply.after.wait()
        delay_ms = reply.delay_ms
        if delay_ms is None:
            delay_ms = drawn_delay_ms(self._settings, seen.number)
        if misbehave is not None:
            delay_ms += misbehave.delay_ms
        if delay_ms:
            await asyncio.sleep(delay_ms / 1000)

    async def _show_record(self, request: web.Request) -> web.Response:
        return web.json_response({"calls": [asdict(call) for call in self.calls]})

    async def _take_program(self, request: web.Request) -> web.Response:
        try:
            wish = ProgramWish.model_validate_json(await request.read())
        except ValidationError as fault:
            return web.json_response({"error": str(fault)}, status=400)
        wish.carry_out(self.program, self.keys)
        return web.json_response({"queued": len(self.program), "keys": sorted(self.keys)})

    async def _unknown_url(self, request: web.Request) -> web.StreamResponse:
        refusal = errors.unknown_url(request.method, request.path)
        return await send(request, error_payload(refusal), request_id=_request_id(), misbehave=None)


def _request_id() -> str:
    return f"req_{secrets.token_hex(16)}"
