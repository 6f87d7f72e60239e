"""Answers as the API documents them, which the model server does not give by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from aiohttp import web

from runtime.companies.config import CredentialConfig
from runtime.openai.clients import Clients
from runtime.openai.credentials import Credentials
from runtime.openai.errors import CallFault
from runtime.openai.exchanges import Message, Question, ask_chat, ask_responses
from runtime.openai.prices import TokenCount

QUESTION = Question(
    model="asked",
    system="be kind",
    messages=(Message("user", "oi"),),
    schema_name="any",
    schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    max_output_tokens=16,
)
CHAT = {
    "model": "answered-2026-01-01",
    "choices": [{"message": {"content": "{}", "refusal": None}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 64},
    },
}
RESPONSE = {
    "model": "answered-2026-01-01",
    "status": "completed",
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": "{"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "}"}]},
    ],
    "usage": {
        "input_tokens": 100,
        "output_tokens": 7,
        "input_tokens_details": {"cached_tokens": 64},
    },
}


class Canned:
    """A server that answers every request with `body`."""

    def __init__(self) -> None:
        self.body: Any = None
        self.url = ""

    async def answer(self, _request: web.Request) -> web.Response:
        return web.json_response(self.body, headers={"X-RateLimit-Remaining-Requests": "3"})


@pytest.fixture
async def canned() -> AsyncIterator[Canned]:
    made = Canned()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    await made.aclose()


def credentials(canned: Canned) -> Credentials:
    return Credentials("s", "k", CredentialConfig.model_validate({"base_url": canned.url}))


@pytest.mark.parametrize(("ask", "body"), [(ask_chat, CHAT), (ask_responses, RESPONSE)])
async def test_text_model_headers_and_cached_tokens_are_read(
    canned: Canned, clients: Clients, ask: Any, body: Any
) -> None:
    canned.body = body
    async with clients.lease(credentials(canned)) as client:
        answer = await ask(client, QUESTION)
    assert (answer.text, answer.model) == ("{}", "answered-2026-01-01")
    assert answer.tokens == TokenCount(prompt=100, completion=7, cached=64)
    assert answer.headers["x-ratelimit-remaining-requests"] == "3"
    assert (answer.refusal, answer.cut) == (None, False)


@pytest.mark.parametrize(("ask", "body"), [(ask_chat, CHAT), (ask_responses, RESPONSE)])
async def test_connecting_is_given_up_long_before_an_answer_is(
    canned: Canned, clients: Clients, ask: Any, body: Any
) -> None:
    canned.body = body
    asked: list[dict[str, Any]] = []

    async def look(request: httpx2.Request) -> None:
        asked.append(request.extensions["timeout"])

    async with clients.lease(credentials(canned)) as client:
        client._client.event_hooks["request"].append(look)
        await ask(client, QUESTION)
    assert [(one["connect"], one["read"], one["pool"]) for one in asked] == [(5.0, None, None)]


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        (ask_chat, {name: CHAT[name] for name in ("choices",)}),
        (ask_responses, {name: RESPONSE[name] for name in ("output",)}),
    ],
)
async def test_a_server_that_tells_less_is_understood(
    canned: Canned, clients: Clients, ask: Any, body: Any
) -> None:
    canned.body = body
    async with clients.lease(credentials(canned)) as client:
        answer = await ask(client, QUESTION)
    assert (answer.text, answer.model, answer.tokens) == ("{}", "asked", None)


@pytest.mark.parametrize("ask", [ask_chat, ask_responses])
@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"choices": [], "output": {}},
        {"choices": [{"message": None}], "output": [{"type": "message", "content": "text"}]},
        CHAT | RESPONSE | {"usage": {"prompt_tokens": -1, "input_tokens": "many"}},
    ],
)
async def test_a_body_of_another_shape_is_bad_output_that_may_have_cost(
    canned: Canned, clients: Clients, ask: Any, body: Any
) -> None:
    canned.body = body
    async with clients.lease(credentials(canned)) as client:
        with pytest.raises(CallFault) as caught:
            await ask(client, QUESTION)
    assert caught.value.reason == "openai_bad_output"
    assert caught.value.may_have_cost


def test_an_estimate_is_not_below_what_a_text_can_have() -> None:
    most = QUESTION.most_tokens
    assert most.completion == 16
    assert most.prompt >= len("be kind oi") // 2
