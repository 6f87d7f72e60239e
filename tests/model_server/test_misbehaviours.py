"""Every misbehaviour comes out of the official client as the exception that it documents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import ValidationError

from tests.model_server.brain import Reply
from tests.model_server.decision_form import DecisionForm
from tests.model_server.misbehaviours import Kind, Misbehave, Rule, http_date
from tests.model_server.protocol import Endpoint
from tests.model_server.server import ModelServer

Ask = Callable[[AsyncOpenAI], Awaitable[Any]]


async def chat(client: AsyncOpenAI) -> Any:
    return await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hello there, everyone."}]
    )


async def chat_stream(client: AsyncOpenAI) -> Any:
    stream = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Hello there, everyone."}], stream=True
    )
    return [chunk async for chunk in stream]


async def response(client: AsyncOpenAI) -> Any:
    return await client.responses.create(model="m", input="Hello there, everyone.")


async def response_stream(client: AsyncOpenAI) -> Any:
    stream = await client.responses.create(model="m", input="Hello there, everyone.", stream=True)
    return [event async for event in stream]


async def embedding(client: AsyncOpenAI) -> Any:
    return await client.embeddings.create(model="m", input="Hello", encoding_format="float")


async def transcription(client: AsyncOpenAI) -> Any:
    return await client.audio.transcriptions.create(model="m", file=("voice.ogg", b"OggS"))


async def models(client: AsyncOpenAI) -> Any:
    return await client.models.list()


ASKS: list[Ask] = [
    chat, chat_stream, response, response_stream, embedding, transcription, models,
]  # fmt: skip
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


async def parsed_chat(client: AsyncOpenAI) -> Any:
    answer = await client.chat.completions.parse(
        model="m", messages=[{"role": "user", "content": "Hi"}], response_format=DecisionForm
    )
    return answer.choices[0].message


async def parsed_response(client: AsyncOpenAI) -> Any:
    return await client.responses.parse(model="m", input="Hi", text_format=DecisionForm)


@pytest.mark.parametrize("ask", [parsed_chat, parsed_response])
@pytest.mark.parametrize("kind", [Kind.NOT_JSON, Kind.WRONG_SCHEMA])
async def test_content_that_breaks_the_schema_fails_to_parse(
    server: ModelServer, client: AsyncOpenAI, ask: Ask, kind: Kind
) -> None:
    server.program.next(kind)
    with pytest.raises(ValidationError):
        await ask(client)
    assert server.calls[0].answered is not None
    if kind is Kind.WRONG_SCHEMA:
        json.loads(server.calls[0].answered)


async def test_half_an_answer_fails_to_parse(server: ModelServer, client: AsyncOpenAI) -> None:
    server.program.rule(Rule(Kind.LENGTH))
    with pytest.raises(openai.LengthFinishReasonError):
        await parsed_chat(client)
    with pytest.raises(ValidationError):
        await parsed_response(client)
    answer = await response(client)
    assert (answer.status, answer.output_text) == ("incomplete", "Hello there")
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert (await response_stream(client))[-1].type == "response.incomplete"
    assert (await chat(client)).choices[0].finish_reason == "length"


async def test_a_filtered_answer_fails_to_parse(server: ModelServer, client: AsyncOpenAI) -> None:
    server.program.rule(Rule(Kind.CONTENT_FILTER))
    with pytest.raises(openai.ContentFilterFinishReasonError):
        await parsed_chat(client)
    with pytest.raises(ValidationError):
        await parsed_response(client)
    assert (await response(client)).incomplete_details.reason == "content_filter"


async def test_a_failed_response_raises_nothing(server: ModelServer, client: AsyncOpenAI) -> None:
    server.program.rule(Rule(Misbehave(Kind.FAILED, code="rate_limit_exceeded")))
    answer = await parsed_response(client)
    assert (answer.status, answer.output, answer.output_parsed) == ("failed", [], None)
    assert answer.error.code == "rate_limit_exceeded"
    assert (await response_stream(client))[-1].type == "response.failed"
    assert [call.error_code for call in server.calls] == ["rate_limit_exceeded"] * 2


async def test_a_refusal_takes_the_contents_place(server: ModelServer, client: AsyncOpenAI) -> None:
    server.program.rule(Rule(Misbehave(Kind.REFUSAL, message="No.")))
    message = await parsed_chat(client)
    assert (message.content, message.parsed, message.refusal) == (None, None, "No.")
    answer = await parsed_response(client)
    assert answer.output_parsed is None
    assert answer.output[0].content[0].type == "refusal"
    assert answer.output[0].content[0].refusal == "No."
    deltas = [event for event in await response_stream(client) if "refusal.delta" in event.type]
    assert "".join(event.delta for event in deltas) == "No."
    chunks = await chat_stream(client)
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == "No."


async def test_an_empty_answer_is_well_formed(server: ModelServer, client: AsyncOpenAI) -> None:
    server.program.rule(Rule(Kind.EMPTY))
    assert (await chat(client)).choices[0].message.content == ""
    answer = await response(client)
    assert (answer.status, answer.output, answer.output_text) == ("completed", [], "")
    assert (await transcription(client)).text == ""
    assert (await embedding(client)).data == []


async def test_what_makes_no_sense_for_an_endpoint_fails_loudly(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    server.program.next(Kind.REFUSAL)
    with pytest.raises(openai.InternalServerError, match="refusal makes no sense for embeddings"):
        await embedding(client)


async def test_rules_choose_by_what_is_asked(server: ModelServer, client: AsyncOpenAI) -> None:
    server.keys.add("sk-other")
    server.program.for_key("sk-other", Kind.INSUFFICIENT_QUOTA)
    server.program.rule(
        Rule(Kind.FORBIDDEN, endpoint=Endpoint.EMBEDDINGS),
        Rule(Kind.UNAVAILABLE, contains="everyone", endpoint=Endpoint.CHAT, times=1),
        Rule(Kind.BAD_REQUEST, matches=lambda seen: seen.stream),
    )
    with pytest.raises(openai.RateLimitError):
        await response(client.with_options(api_key="sk-other"))
    with pytest.raises(openai.PermissionDeniedError):
        await embedding(client)
    with pytest.raises(openai.InternalServerError):
        await chat(client)
    with pytest.raises(openai.BadRequestError):
        await response_stream(client)
    await chat(client)
    server.program.clear()
    await embedding(client)


async def test_a_share_of_requests_is_the_same_for_the_same_seed(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    server.program.rule(Rule(Kind.NOT_JSON, share=0.3))
    for _ in range(40):
        await response(client)
    struck = [call.number for call in server.calls if call.misbehaviour]
    assert 4 <= len(struck) <= 20
    async with ModelServer() as again:
        again.program.rule(Rule(Kind.NOT_JSON, share=0.3))
        for _ in range(40):
            await response(client.with_options(base_url=again.base_url))
        assert [call.number for call in again.calls if call.misbehaviour] == struck


async def test_the_queue_goes_before_the_rules_and_none_lets_one_pass(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    asked = []

    def think(seen: object) -> Reply:
        asked.append(seen)
        return Reply("right")

    server.answering = think
    server.program.rule(Rule(Kind.UNAVAILABLE))
    server.program.next(None, Kind.NOT_JSON)
    assert (await response(client)).output_text == "right"
    assert (await response(client)).output_text != "right"
    with pytest.raises(openai.InternalServerError):
        await response(client)
    # Who misbehaves without the right answer does not ask for it.
    assert len(asked) == 1
