"""Payloads that a version's published schema allows, with attributes that it does not know."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.schemas import envelope_schema

Schema = dict[str, Any]

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_IDENTIFIER = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_CODED = st.builds(
    lambda code, rest: f"{code}{rest}",
    st.sampled_from(["timeout", "131026", "channel_refused", "Code", "two words", "a" * 101, ""]),
    st.sampled_from(["", ":", ": undeliverable", ":\x00", " : a: b"]),
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_FORMATS = {
    "uuid": st.uuids().map(str),
    "date-time": st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
}


@cache
def payloads(type_: str, version: int) -> st.SearchStrategy[dict[str, Any]]:
    """Any payload that may be sent as that version.

    It may hold attributes that only another version knows, with any value: they mean nothing.
    """
    known = CATALOGUE[type_]
    whole = envelope_schema(known, version)
    payload = whole["properties"]["payload"]
    names = {name for model in known.versions.values() for name in model.model_fields}
    foreign = sorted(names - payload["properties"].keys())
    extra = st.dictionaries(st.sampled_from([*foreign, "colour"]), _ANYTHING, max_size=2)
    return st.builds(lambda own, more: {**more, **own}, _object(payload, whole), extra)


def _object(schema: Schema, whole: Schema) -> st.SearchStrategy[dict[str, Any]]:
    of = {name: _value(inner, whole) for name, inner in schema.get("properties", {}).items()}
    options = [option["required"] for option in schema.get("anyOf", [])] or [[]]

    def with_required(needed: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        always = {*schema.get("required", []), *needed}
        required = {
            name: value.filter(lambda v: v is not None) if name in needed else value
            for name, value in of.items()
            if name in always
        }
        optional = {name: value for name, value in of.items() if name not in always}
        return st.fixed_dictionaries(required, optional=optional)

    return st.one_of([with_required(needed) for needed in options])


def _value(schema: Schema, whole: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _object(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        return st.one_of([_value(option, whole) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    match schema.get("type"):
        case "string":
            return _IDENTIFIER if "pattern" in schema else _TEXT | _CODED
        case "integer":
            return st.integers(schema.get("minimum", -9), schema.get("maximum", 9))
        case "number":
            return st.floats(schema.get("minimum", -9), schema.get("maximum", 9))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            return st.lists(_value(schema.get("items", {}), whole), max_size=2)
    return _ANYTHING
