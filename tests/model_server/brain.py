"""Who thinks for the server: a test's own callable, or one that satisfies any schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.model_server.misbehaviours import Misbehave
from tests.model_server.protocol import Endpoint, Seen

_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT1M",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
ALWAYS_FILLED = frozenset({"reply"})
"""Properties that get a value even where null is allowed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: a text, also of a transcription; for embeddings nothing, or vectors."""

    text: str = ""
    vectors: Sequence[Sequence[float]] | None = None
    delay_ms: float | None = None
    """None: the server's own random delay."""
    after: asyncio.Event | None = None
    """Answer only once this is set (in-process), so that a test decides what overlaps."""


Answering = Callable[[Seen], Reply | Misbehave]


def json_reply(value: object, *, delay_ms: float | None = None) -> Reply:
    """A reply whose text is this value as JSON."""
    return Reply(json.dumps(value, ensure_ascii=False), delay_ms=delay_ms)


def default_brain(seen: Seen) -> Reply:
    """A valid answer to any request, made from what was asked alone."""
    if seen.endpoint is Endpoint.TRANSCRIPTIONS:
        assert seen.audio is not None
        return Reply(f"Transcript of {seen.audio.filename}, {len(seen.audio.content)} bytes.")
    text = seen.last_user_text or "Hello."
    if seen.schema is not None:
        return json_reply(valid_instance(seen.schema.schema, text))
    return Reply(text)


def valid_instance(schema: Mapping[str, Any], text: str) -> Any:
    """An instance of a strict schema: strings are the text, lists empty, null where allowed."""
    return _Instance(schema, text).of(schema)


class _Instance:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text = text

    def of(self, schema: Mapping[str, Any], *, filled: bool = False) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            values = schema["enum"]
            return None if None in values and not filled else _first_not_null(values)
        if "anyOf" in schema:
            return self._any_of([self._resolved(one) for one in schema["anyOf"]], filled=filled)
        types = schema.get("type", "object" if "properties" in schema else "null")
        if isinstance(types, list):
            types = "null" if "null" in types and not filled else _first_not_null(types, "null")
        return self._of_type(types, schema)

    def _any_of(self, options: Sequence[Mapping[str, Any]], *, filled: bool) -> Any:
        nulls = [one for one in options if one.get("type") == "null"]
        others = [one for one in options if one.get("type") != "null"]
        if not others or (nulls and not filled):
            return None
        return self.of(others[0], filled=filled)

    def _of_type(self, name: str, schema: Mapping[str, Any]) -> Any:
        if name == "object":
            properties: Mapping[str, Any] = schema.get("properties", {})
            return {
                key: self.of(inner, filled=key in ALWAYS_FILLED)
                for key, inner in properties.items()
            }
        if name == "array":
            return [self.of(schema["items"]) for _ in range(schema.get("minItems", 0))]
        if name == "string":
            return self._string(schema)
        if name in ("number", "integer"):
            return _number(schema, whole=name == "integer")
        return False if name == "boolean" else None

    def _string(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        wanted = self._text.ljust(schema.get("minLength", 0), ".")
        return wanted[: schema.get("maxLength", len(wanted))]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self._root
            for step in schema["$ref"].lstrip("#").strip("/").split("/"):
                found = found[step] if step else found
            schema = found
        return schema


def _first_not_null(values: Sequence[Any], null: Any = None) -> Any:
    return next((value for value in values if value != null), None)


def _number(schema: Mapping[str, Any], *, whole: bool) -> float | int:
    """0 where that is allowed, else the first of the bounds and what is beside them."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low))
    step = schema.get("multipleOf", 1)
    found: Iterable[float] = (0, low, high, low + step, high - step, (low + high) / 2)
    if whole:
        found = (-(-number // step) * step for number in found)
    return next(number for number in found if _within(number, schema))


def _within(number: float, schema: Mapping[str, Any]) -> bool:
    return (
        schema.get("minimum", number) <= number <= schema.get("maximum", number)
        and not number <= schema.get("exclusiveMinimum", number - 1)
        and not number >= schema.get("exclusiveMaximum", number + 1)
    )
