"""The official client finds every endpoint and mode as OpenAI documents it."""

from __future__ import annotations

import math

import pytest
from openai import AsyncOpenAI

from tests.model_server.decision_form import DecisionForm
from tests.model_server.official_client import official_client
from tests.model_server.server import ModelServer

GREETING = "Olá, tudo bem? É a Ana."
OGG = ("voice.ogg", b"OggS" + bytes(4000), "audio/ogg")


async def test_a_chat_completion_carries_text_ids_usage_and_headers(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="gpt-5-mini",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": GREETING}]},
        ],
    )
    answer = raw.parse()
    assert answer.choices[0].message.content == GREETING
    assert answer.choices[0].finish_reason == "stop"
    assert answer.id.startswith("chatcmpl-")
    assert answer.usage is not None
    # Three and nine tokens, three around each message, three for the answer.
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (21, 9)
    (call,) = server.calls
    assert call.messages == [("system", "Be brief."), ("user", GREETING)]
    assert call.usage == {"input_tokens": 21, "output_tokens": 9}
    assert (call.answered, call.answer_id, call.status) == (GREETING, answer.id, 200)
    assert raw.headers["x-request-id"] == call.request_id
    assert raw.headers["x-ratelimit-remaining-requests"] == "9999"
    assert raw.headers["x-ratelimit-reset-tokens"] == "30ms"


async def test_a_chat_stream_joins_to_the_text_and_ends_with_its_usage(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    stream = await client.chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": GREETING}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    said = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert "".join(said) == GREETING
    assert len(said) == 9
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 9
    assert server.calls[0].stream


async def test_a_chat_completion_is_parsed_into_the_form_asked_for(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    answer = await client.chat.completions.parse(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": GREETING}],
        response_format=DecisionForm,
    )
    parsed = answer.choices[0].message.parsed
    assert parsed == DecisionForm(
        reply=GREETING, facts=[], handoff=None, silence=None, confidence=0.5
    )
    assert server.calls[0].schema_name == "DecisionForm"


async def test_a_response_carries_text_ids_usage_and_what_was_asked(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    answer = await client.responses.create(
        model="gpt-5-mini",
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "Before."},
            {"role": "assistant", "content": "Yes?"},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": GREETING},
                    {
                        "type": "input_image",
                        "detail": "auto",
                        "image_url": "data:image/png;base64," + "A" * 100,
                    },
                ],
            },
        ],
        metadata={"conversation": "c-1"},
        max_output_tokens=500,
    )
    assert answer.status == "completed"
    assert answer.id.startswith("resp_")
    assert answer.metadata == {"conversation": "c-1"}
    assert answer.max_output_tokens == 500
    assert answer.output_text.startswith(GREETING)
    (call,) = server.calls
    assert call.messages[:3] == [
        ("system", "Be brief."),
        ("user", "Before."),
        ("assistant", "Yes?"),
    ]
    assert call.messages[3][1].startswith(f"{GREETING}\n[image data:image/png;base64,AAA")
    assert call.messages[3][1].endswith("… 122 characters]")
    assert call.metadata == {"conversation": "c-1"}
    assert answer.usage is not None
    assert answer.usage.input_tokens == call.usage["input_tokens"]


async def test_a_streamed_response_tells_every_step_in_order(client: AsyncOpenAI) -> None:
    stream = await client.responses.create(model="gpt-5-mini", input="Hi, Ana", stream=True)
    events = [event async for event in stream]
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_the_clients_own_stream_helper_parses_a_response(client: AsyncOpenAI) -> None:
    async with client.responses.stream(
        model="gpt-5-mini", input=GREETING, text_format=DecisionForm
    ) as stream:
        async for _ in stream:
            pass
        final = await stream.get_final_response()
    assert final.output_parsed is not None
    assert final.output_parsed.reply == GREETING


async def test_a_response_is_parsed_into_the_form_asked_for(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    answer = await client.responses.parse(
        model="gpt-5-mini", input=GREETING, text_format=DecisionForm
    )
    assert answer.output_parsed is not None
    assert answer.output_parsed.reply == GREETING
    assert server.calls[0].schema_name == "DecisionForm"


async def test_the_requests_limit_of_tokens_cuts_the_answer(client: AsyncOpenAI) -> None:
    chat = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": GREETING}], max_completion_tokens=2
    )
    assert (chat.choices[0].message.content, chat.choices[0].finish_reason) == ("Olá,", "length")
    answer = await client.responses.create(model="m", input=GREETING, max_output_tokens=2)
    assert (answer.output_text, answer.status) == ("Olá,", "incomplete")
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


async def test_embeddings_are_the_same_in_both_encodings_and_near_for_texts_alike(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    texts = ["preço do plano anual", "PRECO do plano", "horário de atendimento"]
    # By itself the client asks for base64, which its own strict validation does not take.
    async with official_client(server.base_url, strict=False) as lenient:
        packed = await lenient.embeddings.create(model="e", input=texts, dimensions=256)
    assert server.calls[0].messages == [("input", text) for text in texts]
    plain = await client.embeddings.create(
        model="e", input=texts, dimensions=256, encoding_format="float"
    )
    vectors = [one.embedding for one in packed.data]
    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1, 1, 1])
    near, far = (sum(a * b for a, b in zip(vectors[0], vectors[at], strict=True)) for at in (1, 2))
    assert near > 0.7
    assert far < 0.4
    assert packed.usage.prompt_tokens == packed.usage.total_tokens == 11


async def test_an_audio_file_is_transcribed_in_each_form(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    answer = await client.audio.transcriptions.create(
        model="gpt-4o-mini-transcribe", file=OGG, prompt="Plano Ouro"
    )
    assert answer.text == "Transcript of voice.ogg, 4004 bytes."
    assert answer.usage is not None
    assert answer.usage.type == "tokens"
    whisper = await client.audio.transcriptions.create(model="whisper-1", file=OGG)
    assert whisper.usage is not None
    assert whisper.usage.type == "duration"
    verbose = await client.audio.transcriptions.create(
        model="whisper-1", file=OGG, response_format="verbose_json"
    )
    assert verbose.text == answer.text
    text = await client.audio.transcriptions.create(
        model="whisper-1", file=OGG, response_format="text"
    )
    assert text == answer.text + "\n"
    call = server.calls[0]
    assert call.messages == [("prompt", "Plano Ouro")]
    assert call.audio is not None
    assert (call.audio["filename"], call.audio["bytes"]) == ("voice.ogg", 4004)


async def test_models_are_listed_and_found_by_name(client: AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert "gpt-5-mini" in names
    assert (await client.models.retrieve("gpt-5-mini")).id == "gpt-5-mini"
