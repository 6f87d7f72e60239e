"""Well-formed answers whose content is of no use, as the official client hands them on."""

from __future__ import annotations

import json

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import ValidationError

from tests.model_server.asks import (
    Ask,
    chat,
    chat_stream,
    embedding,
    parsed_chat,
    parsed_response,
    response,
    response_stream,
    transcription,
)
from tests.model_server.misbehaviours import Kind, Misbehave, Rule
from tests.model_server.server import ModelServer


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
