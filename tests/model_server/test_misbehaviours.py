"""Every broken answer comes out of the official client as the exception that it documents."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import openai
import pytest
from openai import AsyncOpenAI

from tests.model_server.asks import (
    ASKS,
    Ask,
    response,
    response_stream,
)
from tests.model_server.misbehaviours import Kind, Misbehave, Rule, http_date
from tests.model_server.server import ModelServer

every_ask = pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.__name__)

STATUSES: list[tuple[Kind, type[openai.APIStatusError], int, str | None]] = [
    (Kind.RATE_LIMITED, openai.RateLimitError, 429, "rate_limit_exceeded"),
    (Kind.INSUFFICIENT_QUOTA, openai.RateLimitError, 429, "insufficient_quota"),
    (Kind.UNAUTHORIZED, openai.AuthenticationError, 401, "invalid_api_key"),
    (Kind.FORBIDDEN, openai.PermissionDeniedError, 403, "unsupported_country_region_territory"),
    (Kind.MODEL_NOT_FOUND, openai.NotFoundError, 404, "model_not_found"),
    (Kind.BAD_REQUEST, openai.BadRequestError, 400, None),
    (Kind.SERVER_ERROR, openai.InternalServerError, 500, None),
    (Kind.UNAVAILABLE, openai.InternalServerError, 503, "server_is_overloaded"),
]


@every_ask
@pytest.mark.parametrize(("kind", "error", "status", "code"), STATUSES)
async def test_an_error_status_is_its_own_exception(
    server: ModelServer,
    client: AsyncOpenAI,
    ask: Ask,
    kind: Kind,
    error: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    server.program.next(kind)
    with pytest.raises(error) as caught:
        await ask(client)
    assert type(caught.value) is error
    assert (caught.value.status_code, caught.value.code) == (status, code)
    (call,) = server.calls
    assert caught.value.request_id == call.request_id
    assert (call.misbehaviour, call.status, call.error_code) == (kind, status, code)
    assert call.client_there
    await ask(client)


@pytest.mark.parametrize(
    ("wanted", "headers"),
    [
        (Misbehave(Kind.RATE_LIMITED, retry_after="7"), {"retry-after": "7"}),
        (Misbehave(Kind.RATE_LIMITED, retry_after_ms="250"), {"retry-after-ms": "250"}),
        (
            Misbehave(
                Kind.RATE_LIMITED,
                retry_after=http_date(datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
            ),
            {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"},
        ),
        (
            Misbehave(Kind.RATE_LIMITED, reset_requests="6m0s", reset_tokens="20ms"),
            {"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "20ms"},
        ),
        (Misbehave(Kind.UNAVAILABLE, should_retry=False), {"x-should-retry": "false"}),
    ],
)
async def test_an_error_says_when_to_try_again(
    server: ModelServer, client: AsyncOpenAI, wanted: Misbehave, headers: dict[str, str]
) -> None:
    server.program.next(wanted)
    with pytest.raises(openai.APIStatusError) as caught:
        await response(client)
    assert {name: caught.value.response.headers.get(name) for name in headers} == headers


async def test_the_clients_own_retries_obey_the_headers(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    patient = client.with_options(max_retries=1)
    past = http_date(datetime.now(UTC) - timedelta(hours=1))
    server.program.next(Misbehave(Kind.RATE_LIMITED, retry_after_ms="1"), None)
    await response(patient)
    server.program.next(Misbehave(Kind.RATE_LIMITED, retry_after=past, retry_after_ms="1"), None)
    await response(patient)
    server.program.next(Misbehave(Kind.RATE_LIMITED, should_retry=False), None)
    with pytest.raises(openai.RateLimitError):
        await response(patient)
    assert [call.status for call in server.calls] == [429, 200, 429, 200, 429]


@every_ask
async def test_silence_ends_in_the_clients_time_out(
    server: ModelServer, client: AsyncOpenAI, ask: Ask
) -> None:
    server.program.rule(Rule(Kind.NEVER_ANSWERS))
    with pytest.raises(openai.APITimeoutError):
        await ask(client.with_options(timeout=0.2))


async def test_the_record_knows_that_a_client_left(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    server.program.next(Kind.NEVER_ANSWERS)
    asking = asyncio.ensure_future(response(client))
    await server.wait_arrived(1)
    asking.cancel()
    await server.wait_finished(1)
    assert server.calls[0].client_there is False
    assert server.calls[0].status is None


async def test_the_record_knows_that_a_client_left_in_the_middle_of_a_stream(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    server.program.next(Misbehave(Kind.SLOW, pause_ms=10))
    stream = await client.responses.create(model="m", input="word " * 2000, stream=True)
    assert (await anext(aiter(stream))).type == "response.created"
    await stream.close()
    await server.wait_finished(1)
    assert server.calls[0].client_there is False
    assert server.calls[0].status == 200


@every_ask
@pytest.mark.parametrize("kind", [Kind.CUT_IN_BODY, Kind.CUT_BEFORE_STATUS])
async def test_a_cut_connection_is_a_connection_error(
    server: ModelServer, client: AsyncOpenAI, ask: Ask, kind: Kind
) -> None:
    server.program.next(kind)
    with pytest.raises(openai.APIConnectionError) as caught:
        await ask(client)
    assert not isinstance(caught.value, openai.APITimeoutError)
    (call,) = server.calls
    assert call.status == (200 if kind is Kind.CUT_IN_BODY else None)
    assert call.client_there


async def test_a_stream_is_cut_after_its_first_events(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    server.program.next(Kind.CUT_IN_BODY)
    stream = await client.responses.create(model="m", input="Hello there.", stream=True)
    seen: list[str] = []

    async def listen() -> None:
        async for event in stream:
            seen.append(event.type)

    with pytest.raises(openai.APIConnectionError):
        await listen()
    assert "response.output_text.delta" in seen
    assert "response.completed" not in seen


@every_ask
async def test_malformed_json_is_the_json_modules_own_error(
    server: ModelServer, client: AsyncOpenAI, ask: Ask
) -> None:
    server.program.next(Kind.MALFORMED_BODY)
    # Not one of the client's: whoever catches openai.OpenAIError alone misses it.
    with pytest.raises(json.JSONDecodeError):
        await ask(client)


async def test_a_slow_answer_is_right(server: ModelServer, client: AsyncOpenAI) -> None:
    slow = Misbehave(Kind.SLOW, delay_ms=20, pause_ms=1)
    server.program.next(slow, slow)
    began = asyncio.get_running_loop().time()
    assert (await response(client)).output_text == "Hello there, everyone."
    assert asyncio.get_running_loop().time() - began >= 0.02
    assert (await response_stream(client))[-1].type == "response.completed"
