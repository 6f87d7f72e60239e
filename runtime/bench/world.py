"""The world outside: a customers' channel that receives, and a model that answers after a fixed delay.

One small HTTP server on a port of its own. The channel notes when each answer came; the model speaks
Chat Completions and gives a valid decision, or the fault that its key is named after.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
from aiohttp import web

WORKING_KEY, REJECTED_KEY, FAILING_KEY = "bench-works", "bench-rejected", "bench-fails"
MODEL = "gpt-5.4-nano"
_FAULTS = {REJECTED_KEY: (401, "invalid_api_key"), FAILING_KEY: (500, "server_error")}
_DECISION = {
    "reply": "Olá! Recebi sua mensagem e já estou verificando para você.",
    "facts": [],
    "criteria": [],
    "handoff": {"wanted": False, "reason": "", "brief": ""},
    "silence": {"wanted": False, "reason": ""},
    "confidence": 0.9,
    "citations": [],
}


@dataclass(frozen=True, slots=True)
class Reply:
    """The first part of an answer. `at_s` is the system's clock as it came in."""

    company_id: str
    conversation_id: str
    at_s: float


@dataclass
class World:
    """`received` is called with each answer, in the order in which they come.

    `thought` is called with how late the model was each time, in milliseconds: a timer has its own
    grain, and who measures is no part of what is measured.
    """

    received: Callable[[Reply], None]
    thought: Callable[[float], None]
    model_delay_s: float
    port: int = 0

    @property
    def channel_url(self) -> str:
        """Where answers are posted."""
        return f"http://127.0.0.1:{self.port}/channel"

    @property
    def model_url(self) -> str:
        """The `base_url` of the model."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def hear(self, request: web.Request) -> web.Response:
        """The channel's end of a webhook."""
        at_s = time.time()
        data = orjson.loads(await request.read())["data"]
        if data["part"] == 1:
            self.received(Reply(data["company_id"], data["conversation_id"], at_s))
        return web.json_response({"provider_message_id": f"bench-{data['message_id']}"})

    async def think(self, request: web.Request) -> web.Response:
        """The model's `POST /v1/chat/completions`."""
        await request.read()
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key in _FAULTS:
            status, code = _FAULTS[key]
            return web.json_response({"error": {"message": code, "code": code}}, status=status)
        began_s = time.perf_counter()
        await asyncio.sleep(self.model_delay_s)
        self.thought((time.perf_counter() - began_s - self.model_delay_s) * 1000)
        return web.json_response(_COMPLETION)


_COMPLETION = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 0,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": orjson.dumps(_DECISION).decode()},
        }
    ],
    "usage": {"prompt_tokens": 800, "completion_tokens": 60, "total_tokens": 860},
}


@asynccontextmanager
async def world(
    received: Callable[[Reply], None], thought: Callable[[float], None], *, model_delay_s: float
) -> AsyncIterator[World]:
    """The server, listening on a free port of the loop-back."""
    made = World(received, thought, model_delay_s)
    app = web.Application()
    app.router.add_post("/channel", made.hear)
    app.router.add_post("/v1/chat/completions", made.think)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()
