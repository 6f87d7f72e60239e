"""What is made of answers that a server of another make may give."""

from __future__ import annotations

import httpx2
import openai
import pytest

from runtime.openai.exchanges import Message, Question, ask_chat, ask_responses

QUESTION = Question("asked", "be kind", (Message("user", "oi"),), "form", {"type": "object"}, 100)


def client_of(body: dict[str, object]) -> openai.AsyncOpenAI:
    """A client whose server always gives this answer."""
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=body))
    http_client = httpx2.AsyncClient(transport=transport)
    return openai.AsyncOpenAI(api_key="sk-test", base_url="http://x/v1", http_client=http_client)


@pytest.mark.parametrize("told", [None, "", "x" * 101, "gpt\n5", "gpt\0"])
async def test_a_models_name_that_is_none_is_the_one_that_was_asked_for(told: str | None) -> None:
    async with client_of({"model": told, "choices": [{"message": {"content": "oi"}}]}) as client:
        assert (await ask_chat(client, QUESTION)).model == "asked"
    async with client_of({"model": told, "output": []}) as client:
        assert (await ask_responses(client, QUESTION)).model == "asked"


async def test_a_models_name_is_the_servers() -> None:
    async with client_of({"model": "gpt-5", "choices": [{"message": {}}]}) as client:
        assert (await ask_chat(client, QUESTION)).model == "gpt-5"
