"""One request and its answer, in both of the API's shapes.

The client is used for its addresses, headers and errors; the answer's body is read by our own
models, because the client's are built without checking.

Source: https://platform.openai.com/docs/guides/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import httpx2
import openai
import orjson
from pydantic import BaseModel, Field, ValidationError

from runtime.agent.reasons import Reason
from runtime.openai.errors import CallFault
from runtime.openai.prices import TokenCount

Role = Literal["user", "assistant"]
_Body = TypeVar("_Body", bound=BaseModel)
_BYTES_A_TOKEN = 2
"""Fewer than any text has on average: an estimate is rather too high."""
_MAX_MODEL = 100
"""What events take as a model's name."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation, as the model sees it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a model: an answer of the shape `schema`, strictly."""

    model: str
    system: str
    messages: tuple[Message, ...]
    schema_name: str
    schema: Mapping[str, Any]
    max_output_tokens: int
    temperature: float | None = None

    @property
    def most_tokens(self) -> TokenCount:
        """The most that it is likely to take."""
        texts = [self.system, repr(self.schema), *(message.text for message in self.messages)]
        size = sum(len(text.encode()) for text in texts)
        return TokenCount(prompt=size // _BYTES_A_TOKEN + 1, completion=self.max_output_tokens)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `tokens` is None where the server tells no usage.

    `refusal` is the model's or its filter's; `cut` says that the limit of tokens ended the text.
    """

    text: str
    model: str
    tokens: TokenCount | None
    headers: Mapping[str, str]
    refusal: str | None = None
    cut: bool = False


async def ask_chat(client: openai.AsyncOpenAI, question: Question) -> Answer:
    """Ask by Chat Completions.

    Raises:
        openai.OpenAIError, CallFault
    """
    system = {"role": "system", "content": question.system}
    messages = [{"role": message.role, "content": message.text} for message in question.messages]
    wanted = {"name": question.schema_name, "strict": True, "schema": dict(question.schema)}
    asked = {
        "model": question.model,
        "messages": [system, *messages],
        "response_format": {"type": "json_schema", "json_schema": wanted},
        "max_completion_tokens": question.max_output_tokens,
        **_temperature(question),
    }
    raw = await _posted(client, "/chat/completions", asked)
    body = _read(_ChatBody, raw.content, raw.headers)
    choice = body.choices[0]
    filtered = choice.finish_reason == "content_filter"
    usage = body.usage
    return Answer(
        text=choice.message.content or "",
        model=_model(body.model, question),
        tokens=None
        if usage is None
        else TokenCount(
            usage.prompt_tokens, usage.completion_tokens, _cached(usage.prompt_tokens_details)
        ),
        headers=raw.headers,
        refusal=choice.message.refusal or ("content_filter" if filtered else None),
        cut=choice.finish_reason == "length",
    )


async def ask_responses(client: openai.AsyncOpenAI, question: Question) -> Answer:
    """Ask by Responses; nothing is stored there.

    Raises:
        openai.OpenAIError, CallFault
    """
    messages = [{"role": message.role, "content": message.text} for message in question.messages]
    wanted = {"name": question.schema_name, "strict": True, "schema": dict(question.schema)}
    asked = {
        "model": question.model,
        "instructions": question.system,
        "input": messages,
        "text": {"format": {"type": "json_schema", **wanted}},
        "max_output_tokens": question.max_output_tokens,
        "store": False,
        **_temperature(question),
    }
    raw = await _posted(client, "/responses", asked)
    body = _read(_ResponsesBody, raw.content, raw.headers)
    if body.status == "failed":
        code = body.error.code if body.error else None
        raise CallFault(
            Reason.OPENAI_UNAVAILABLE,
            f"the response failed: {code or 'no code'}",
            retryable=True,
            status=200,
            may_have_cost=True,
        )
    parts = [part for item in body.output if item.type == "message" for part in item.content]
    refusals = [part.refusal for part in parts if part.refusal]
    why = body.incomplete_details.reason if body.incomplete_details else None
    usage = body.usage
    return Answer(
        text="".join(part.text or "" for part in parts),
        model=_model(body.model, question),
        tokens=None
        if usage is None
        else TokenCount(
            usage.input_tokens, usage.output_tokens, _cached(usage.input_tokens_details)
        ),
        headers=raw.headers,
        refusal="\n".join(refusals) or ("content_filter" if why == "content_filter" else None),
        cut=body.status == "incomplete" and why != "content_filter",
    )


class _Details(BaseModel):
    cached_tokens: int | None = Field(None, ge=0)


class _ChatUsage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    prompt_tokens_details: _Details | None = None


class _ChatMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _ChatMessage
    finish_reason: str | None = None


class _ChatBody(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _ChatUsage | None = None


class _ResponsesUsage(BaseModel):
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    input_tokens_details: _Details | None = None


class _Part(BaseModel):
    text: str | None = None
    refusal: str | None = None


class _Item(BaseModel):
    type: str
    content: list[_Part] = Field(default_factory=list)


class _Incomplete(BaseModel):
    reason: str | None = None


class _Error(BaseModel):
    code: str | None = None


class _ResponsesBody(BaseModel):
    output: list[_Item]
    error: _Error | None = None
    status: str | None = None
    incomplete_details: _Incomplete | None = None
    model: str | None = None
    usage: _ResponsesUsage | None = None


async def _posted(client: openai.AsyncOpenAI, path: str, asked: dict[str, Any]) -> httpx2.Response:
    """The server's answer, as it came.

    The client's own methods for it walk through the whole question, schema and all, looking for
    values to convert, and encode it with a slower encoder: as much work as sending it is.
    """
    return await client.post(
        path,
        cast_to=httpx2.Response,
        content=orjson.dumps(asked),
        options={"security": {"bearer_auth": True}},
    )


def _temperature(question: Question) -> dict[str, float]:
    return {} if question.temperature is None else {"temperature": question.temperature}


def _model(told: str | None, question: Question) -> str:
    """The model's name as the server tells it, where it is one; else the one that was asked for."""
    named = told is not None and 0 < len(told) <= _MAX_MODEL and told.isprintable()
    return told if told is not None and named else question.model


def _cached(details: _Details | None) -> int:
    return 0 if details is None else details.cached_tokens or 0


def _read(shape: type[_Body], body: bytes, headers: Mapping[str, str]) -> _Body:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        kind = headers.get("content-type", "unknown")
        raise CallFault(
            Reason.OPENAI_BAD_OUTPUT,
            f"the server's answer ({kind}, {len(body)} bytes) is not of the API's shape",
            status=200,
            may_have_cost=True,
        ) from error
