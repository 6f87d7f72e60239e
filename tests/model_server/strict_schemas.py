"""Which JSON Schemas structured outputs take in strict mode.

Source: https://developers.openai.com/api/docs/guides/structured-outputs (supported schemas).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.model_server import errors
from tests.model_server.protocol import Endpoint, Schema

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NOT_PERMITTED = (
    "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
    "patternProperties", "default",
)  # fmt: skip


def fault(endpoint: Endpoint, asked: Schema) -> errors.Refusal | None:
    """How the API would refuse the schema; None where it takes it."""
    chat = endpoint is Endpoint.CHAT
    if not _NAME.fullmatch(asked.name):
        param = "response_format.json_schema.name" if chat else "text.format.name"
        return errors.bad_request(f"Invalid '{param}': string does not match pattern.", param)
    if not asked.strict:
        return None
    said = next(_faults(asked.schema, ()), None)
    if asked.schema.get("type") != "object" or "anyOf" in asked.schema:
        said = "schema must be a JSON Schema of 'type: \"object\"'."
    if said is None:
        return None
    return errors.bad_request(
        f"Invalid schema for response_format '{asked.name}': {said}",
        "response_format" if chat else "text.format.schema",
        "invalid_json_schema",
    )


def _faults(schema: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    for word in _NOT_PERMITTED:
        if word in schema:
            yield f"In context={at}, '{word}' is not permitted."
    if "properties" in schema or "object" in _types(schema):
        if schema.get("additionalProperties") is not False:
            yield f"In context={at}, 'additionalProperties' is required to be supplied and to be false."
        properties = schema.get("properties", {})
        if missing := set(properties) - set(schema.get("required", ())):
            yield (
                f"In context={at}, 'required' is required to be supplied and to be an array "
                f"including every key in properties. Missing '{min(missing)}'."
            )
    if "array" in _types(schema) and "items" not in schema:
        yield f"In context={at}, array schema missing items."
    for where, inner in _inner(schema):
        yield from _faults(inner, (*at, *where))


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type", [])
    return [given] if isinstance(given, str) else given


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for word in ("properties", "$defs", "definitions"):
        for name, inner in schema.get(word, {}).items():
            yield (word, name), inner
    if "items" in schema:
        yield ("items",), schema["items"]
    for number, inner in enumerate(schema.get("anyOf", ())):
        yield ("anyOf", str(number)), inner
