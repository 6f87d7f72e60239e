"""Who and what is let in: the rest is refused as OpenAI refuses it."""

from __future__ import annotations

import openai
import pytest
from openai import AsyncOpenAI

from tests.model_server.protocol import Endpoint
from tests.model_server.server import ModelServer


async def test_only_known_keys_come_in_and_a_key_can_be_revoked(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    stranger = client.with_options(api_key="sk-a-strangers-key-9876")
    with pytest.raises(openai.AuthenticationError) as caught:
        await stranger.models.list()
    assert caught.value.code == "invalid_api_key"
    assert "strangers" not in caught.value.message
    server.keys.remove("sk-test")
    with pytest.raises(openai.AuthenticationError):
        await client.models.list()
    nobody = {"Authorization": openai.omit}
    with pytest.raises(openai.AuthenticationError) as caught:
        await client.models.list(extra_headers=nobody)
    assert caught.value.code is None
    assert [call.key for call in server.calls] == ["sk-a-strangers-key-9876", "sk-test", ""]


async def test_a_request_that_openai_would_refuse_is_refused(
    server: ModelServer, client: AsyncOpenAI
) -> None:
    loose: dict[str, object] = {
        "type": "object",
        "properties": {"reply": {"type": "string"}},
        "required": ["reply"],
    }
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(
            model="m",
            input="Hi",
            text={
                "format": {"type": "json_schema", "name": "loose", "schema": loose, "strict": True}
            },
        )
    assert caught.value.code == "invalid_json_schema"
    with pytest.raises(openai.BadRequestError, match="'store' is enabled"):
        await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], metadata={"a": "b"}
        )
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="m", messages=[])
    assert (caught.value.param, caught.value.code) == ("messages", "missing_required_parameter")
    with pytest.raises(openai.BadRequestError, match="file format"):
        await client.audio.transcriptions.create(model="m", file=("voice.amr", b"x"))
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        await client.get("/nothing", cast_to=object)
    assert [call.status for call in server.calls] == [400] * 4
    assert server.calls[0].endpoint == Endpoint.RESPONSES
