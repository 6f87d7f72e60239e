"""What a request to the model server says, whichever endpoint it came to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_PIECES = re.compile(r"\s*(?:\w{1,8}|[^\w\s])|\s+")
_LONGEST_URL_SHOWN = 80


class Endpoint(StrEnum):
    """The endpoints, by the name that records and rules use."""

    CHAT = "chat"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    TRANSCRIPTIONS = "transcriptions"
    MODELS = "models"


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema that the answer's text must satisfy."""

    name: str
    schema: Mapping[str, Any]
    strict: bool


@dataclass(frozen=True, slots=True)
class Audio:
    """A file to transcribe."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """One request. `messages` are (role, text) in order; images appear as `[image URL]`.

    Of embeddings the messages are the inputs, with the role `input`; of a transcription its
    prompt, with the role `prompt`; a response's `instructions` have the role `system`.
    """

    number: int
    """Which request this is since the record began, from 1, in order of arrival."""
    endpoint: Endpoint
    key: str
    model: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    schema: Schema | None = None
    stream: bool = False
    max_tokens: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name, without `authorization`."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """Everything that was asked, as it came."""
    audio: Audio | None = None

    @property
    def schema_name(self) -> str | None:
        """The name of the schema asked for."""
        return self.schema.name if self.schema else None

    @property
    def last_user_text(self) -> str:
        """The text of the last message of a user; empty without one."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")

    @property
    def prompt(self) -> str:
        """The texts of all messages, a line break between them."""
        return "\n".join(text for _, text in self.messages)


def pieces(text: str) -> list[str]:
    """The text cut as a model's tokens would cut it; joined they are the text again."""
    return _PIECES.findall(text)


def count_tokens(text: str) -> int:
    """How many tokens a text has: the same for the same text, on every machine."""
    return len(pieces(text))


def prompt_tokens(seen: Seen) -> int:
    """What a request costs: its texts, and three tokens around each message."""
    return sum(count_tokens(text) + 3 for _, text in seen.messages) + 3


def chat_messages(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The messages of a chat completion's request."""
    for message in body.get("messages") or ():
        yield str(message.get("role")), _content_text(message.get("content"))


def responses_messages(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The instructions and the input of a response's request."""
    if body.get("instructions"):
        yield "system", _content_text(body["instructions"])
    given = body.get("input")
    if isinstance(given, str):
        yield "user", given
        return
    for item in given or ():
        if item.get("type", "message") == "message":
            yield str(item.get("role")), _content_text(item.get("content"))
        else:
            yield str(item["type"]), json.dumps(item, ensure_ascii=False, sort_keys=True)


def embedding_inputs(body: Mapping[str, Any]) -> list[str]:
    """The texts to embed; lists of token numbers as text."""
    given = body.get("input")
    if isinstance(given, str):
        return [given]
    if given and isinstance(given[0], int):
        return [" ".join(map(str, given))]
    return [one if isinstance(one, str) else " ".join(map(str, one)) for one in given or ()]


def asked_schema(endpoint: Endpoint, body: Mapping[str, Any]) -> Schema | None:
    """The schema in `response_format` (chat) or `text.format` (responses)."""
    if endpoint is Endpoint.CHAT:
        form = body.get("response_format") or {}
        form = {**(form.get("json_schema") or {}), "type": form.get("type")}
    else:
        form = (body.get("text") or {}).get("format") or {}
    if form.get("type") != "json_schema":
        return None
    return Schema(str(form.get("name", "")), form.get("schema") or {}, bool(form.get("strict")))


def _content_text(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise TypeError("content is neither a text nor a list of parts")
    return "\n".join(_part_text(part) for part in content)


def _part_text(part: Mapping[str, Any]) -> str:
    if "text" in part:
        return str(part["text"])
    if "image_url" in part:
        url = part["image_url"]
        shown = str(url["url"] if isinstance(url, dict) else url)
        if len(shown) > _LONGEST_URL_SHOWN:
            shown = f"{shown[:_LONGEST_URL_SHOWN]}… {len(shown)} characters"
        return f"[image {shown}]"
    return f"[{part.get('type', 'part')}]"
