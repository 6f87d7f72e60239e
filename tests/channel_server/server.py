"""The server itself: `POST` anywhere delivers, `/_program` and its like steer.

| route | does |
|---|---|
| `POST /_program` `{"steps": [{"deed": "fail_after", "times": 2}], "idempotent": false}` | adds steps |
| `POST /_release` | lets the late answers go |
| `GET /_record` | the requests so far, one JSON object a line |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from tests.channel_server.program import ACCEPTING, Program, Step, parsed
from tests.channel_server.record import Received, Record


@dataclass(slots=True)
class ChannelServer:
    """A receiver. An idempotent one delivers a key once and gives the same id again.

    A naive one delivers as often as it accepts.
    """

    record: Record
    idempotent: bool = True
    url: str = ""
    program: Program = field(default_factory=Program)
    _ids: dict[str, str] = field(default_factory=dict)
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    def then(self, *steps: Step) -> None:
        """Do these with the next requests."""
        self.program.add(list(steps))

    def release(self) -> None:
        """Let the late answers go; later ones wait anew."""
        self._released.set()
        self._released = asyncio.Event()

    async def wait_received(self, count: int) -> None:
        """Until so many requests are in the record."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.record.received) >= count)

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_post("/_program", self._steer)
        app.router.add_post("/_release", self._let_go)
        app.router.add_get("/_record", self._tell)
        app.router.add_post("/{path:.*}", self._receive)
        return app

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        step = self.program.next(_conversation(body))
        provider_id, delivered = self._take(step, request.headers.get("idempotency-key"))
        released = self._released
        await self._keep(request, body, step, provider_id, delivered)
        if step.deed == "late":
            await released.wait()
        if step.deed.startswith("cut"):
            return await _cut(request, step)
        if step.deed == "late_in_body":
            half = await _half(request)
            await released.wait()
            return half
        usual = {"provider_message_id": provider_id} if step.deed in ACCEPTING else {"error": "no"}
        return web.Response(
            status=step.answer_status(),
            text=orjson.dumps(usual).decode() if step.body is None else step.body,
            headers=step.headers,
            content_type="application/json",
        )

    def _take(self, step: Step, key: str | None) -> tuple[str | None, bool]:
        """The provider's id, and whether the message reaches the person by this request."""
        if step.deed not in ACCEPTING:
            return None, False
        if self.idempotent and key in self._ids:
            return self._ids[key], False
        provider_id = f"provider-{len(self.record.deliveries()) + 1}"
        if key is not None:
            self._ids[key] = provider_id
        return provider_id, True

    async def _keep(
        self, request: web.Request, body: str, step: Step, provider_id: str | None, delivered: bool
    ) -> None:
        self.record.add(
            Received(
                number=len(self.record.received) + 1,
                path=request.raw_path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body,
                key=request.headers.get("idempotency-key"),
                answered=step.deed if step.deed.startswith("cut") else step.answer_status(),
                delivered=delivered,
                provider_message_id=provider_id,
            )
        )
        async with self._arrived:
            self._arrived.notify_all()

    async def _steer(self, request: web.Request) -> web.Response:
        told: dict[str, Any] = await request.json()
        try:
            self.program.add(parsed(told.get("steps", [])))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=422)
        self.idempotent = bool(told.get("idempotent", self.idempotent))
        return web.json_response({"steps": [asdict(step) for step in self.program.steps]})

    async def _let_go(self, _request: web.Request) -> web.Response:
        self.release()
        return web.json_response({})

    async def _tell(self, _request: web.Request) -> web.Response:
        lines = [orjson.dumps(asdict(one)).decode() for one in self.record.received]
        return web.Response(text="".join(f"{line}\n" for line in lines))


def _conversation(body: str) -> str | None:
    try:
        found = orjson.loads(body)["data"]["conversation_id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


async def _cut(request: web.Request, step: Step) -> web.StreamResponse:
    """End the connection: without an answer, in its first line, or behind its head."""
    transport = request.transport
    if transport is None:  # the sender was faster
        return web.Response()
    if step.deed == "cut_in_status":
        transport.write(b"HTTP/1.1 20")
        transport.close()
    elif step.deed == "cut_in_body":
        await _half(request)
        transport.close()
    else:
        transport.abort()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    """The head of an answer and a piece of its body."""
    response = web.StreamResponse(headers={"content-length": "1000"})
    await response.prepare(request)
    await response.write(b'{"provider_')
    return response


@asynccontextmanager
async def channel_server(
    *, record: Path | None = None, idempotent: bool = True, port: int = 0
) -> AsyncIterator[ChannelServer]:
    """A server on a port of its own of 127.0.0.1, stopped at the end; late answers are dropped."""
    server = ChannelServer(Record(record), idempotent)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    try:
        await site.start()
        host, bound = runner.addresses[0][:2]
        server.url = f"http://{host}:{bound}/hook"
        yield server
    finally:
        server.release()
        await runner.cleanup()
