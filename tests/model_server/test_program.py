"""A test decides which request meets which misbehaviour, and what the others are answered."""

from __future__ import annotations

import asyncio

import openai
import pytest
from openai import AsyncOpenAI

from tests.model_server.asks import (
    chat,
    embedding,
    response,
    response_stream,
)
from tests.model_server.brain import Reply, json_reply
from tests.model_server.misbehaviours import Kind, Misbehave, Rule
from tests.model_server.protocol import Endpoint, Seen
from tests.model_server.server import ModelServer


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


async def test_the_answer_is_what_the_test_makes_of_the_prompt(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    def think(seen: Seen) -> Reply | Misbehave:
        if "human" in seen.prompt:
            return json_reply({"handoff": seen.metadata["company"]})
        return Misbehave(Kind.RATE_LIMITED)

    server.answering = think
    answer = await client.responses.create(
        model="m", input="A human, please", metadata={"company": "acme"}
    )
    assert answer.output_text == '{"handoff": "acme"}'
    with pytest.raises(openai.RateLimitError):
        await client.responses.create(model="m", input="Hi")


async def test_the_test_decides_which_answers_overlap(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    gate = asyncio.Event()
    server.answering = lambda seen: Reply("x", after=gate if "wait" in seen.prompt else None)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(client.responses.create(model="m", input="wait"))
        await server.wait_arrived(1)
        await client.responses.create(model="m", input="go")
        gate.set()
    await client.responses.create(model="m", input="later")
    first, second, third = server.calls
    assert first.overlaps(second)
    assert second.overlaps(first)
    assert not third.overlaps(first)
    assert [call.finished for call in server.calls] == [4, 3, 6]
