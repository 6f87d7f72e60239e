"""The default brain answers any strict schema, and texts are cut and counted the same way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.model_server.brain import valid_instance
from tests.model_server.embeddings import vector_of
from tests.model_server.protocol import Endpoint, Schema, count_tokens, pieces
from tests.model_server.server import ServerSettings, drawn_delay_ms
from tests.model_server.strict_schemas import fault

_LEAVES: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "maxLength": 3},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["string", "null"]},
    {"const": "fixed"},
    {"enum": ["a", None]},
    {"type": "string", "enum": ["b", "c"]},
    {"$ref": "#/$defs/money"},
    {"type": "number", "exclusiveMinimum": 0},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
    {"type": "integer", "minimum": 3, "multipleOf": 5},
    {"type": "integer", "exclusiveMaximum": 0},
    {"type": "integer", "minimum": -3, "maximum": 3},
]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_names = st.sampled_from(["reply", "facts", "handoff", "silence", "x"])
_schemas: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.sampled_from(_LEAVES),
    lambda inner: (
        st.dictionaries(_names, inner, max_size=4).map(_object)
        | inner.map(lambda one: {"type": "array", "items": one})
        | inner.map(lambda one: {"type": "array", "items": one, "minItems": 2})
        | inner.map(lambda one: {"anyOf": [one, {"type": "null"}]})
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(_names, _schemas, max_size=4), st.text(min_size=1))
def test_an_instance_satisfies_its_schema(properties: dict[str, Any], text: str) -> None:
    schema = _object(properties) | {"$defs": {"money": _object({"cents": {"type": "integer"}})}}
    assert fault(Endpoint.CHAT, Schema("form", schema, strict=True)) is None
    Draft202012Validator(schema).validate(valid_instance(schema, text))


def test_a_reply_is_said_though_it_may_be_null_and_the_rest_is_left_out() -> None:
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema = _object({"reply": nullable, "silence": nullable})
    assert valid_instance(schema, "Oi") == {"reply": "Oi", "silence": None}


def test_a_schema_may_refer_to_itself() -> None:
    schema = _object({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}})
    assert valid_instance(schema, "Oi") == {"next": None}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "array", "items": {"type": "string"}}, "must be a JSON Schema of"),
        ({"type": "object", "properties": {}}, "'additionalProperties' is required"),
        (_object({"a": {"type": "string", "default": "x"}}), "'default' is not permitted"),
        (_object({"a": _object({"b": {}}) | {"required": []}}), "Missing 'b'"),
        (_object({"a": {"type": "array"}}), "array schema missing items"),
        (_object({"a": {"oneOf": []}}), "'oneOf' is not permitted"),
    ],
)
def test_strict_mode_refuses_what_openai_refuses(schema: dict[str, Any], said: str) -> None:
    refusal = fault(Endpoint.RESPONSES, Schema("form", schema, strict=True))
    assert refusal is not None
    assert said in refusal.message
    assert fault(Endpoint.RESPONSES, Schema("form", schema, strict=False)) is None


def test_a_schema_needs_a_plain_name() -> None:
    assert fault(Endpoint.CHAT, Schema("a form", {}, strict=False)) is not None


@given(st.text())
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert count_tokens(text) == len(pieces(text))


@given(st.text(), st.sampled_from([1, 8, 1536]))
def test_every_text_has_one_unit_vector(text: str, dimensions: int) -> None:
    vector = vector_of(text, dimensions)
    assert len(vector) == dimensions
    assert sum(value * value for value in vector) == pytest.approx(1)
    assert vector == vector_of(text, dimensions)


def test_delays_come_from_the_seed_and_the_number_alone() -> None:
    seven = ServerSettings(delay_ms=(20, 200), seed=7)
    drawn = [drawn_delay_ms(seven, number) for number in range(100)]
    assert drawn == [drawn_delay_ms(seven, number) for number in range(100)]
    assert drawn != [
        drawn_delay_ms(ServerSettings(delay_ms=(20, 200), seed=8), number) for number in range(100)
    ]
    assert all(20 <= one <= 200 for one in drawn)
    assert len(set(drawn)) == 100
