"""What the tests ask of the official client: every endpoint, in every mode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from openai import AsyncOpenAI

from tests.model_server.decision_form import DecisionForm

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


async def parsed_chat(client: AsyncOpenAI) -> Any:
    answer = await client.chat.completions.parse(
        model="m", messages=[{"role": "user", "content": "Hi"}], response_format=DecisionForm
    )
    return answer.choices[0].message


async def parsed_response(client: AsyncOpenAI) -> Any:
    return await client.responses.parse(model="m", input="Hi", text_format=DecisionForm)


ASKS: list[Ask] = [
    chat, chat_stream, response, response_stream, embedding, transcription, models,
]  # fmt: skip
