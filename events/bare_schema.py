"""What a payload's model asks of its attributes, in a validator that makes no models.

Who only wants to know whether a payload is right throws away what validation makes of it, and
pydantic's core makes a dict in half the time that it takes for a model.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import core_schema

from events.catalogue import PayloadModel
from events.payload import OneOf

_OF_MODEL = {"type", "cls", "schema", "config", "custom_init", "root_model", "metadata", "ref"}
_OF_FIELDS = {"type", "fields", "model_name", "computed_fields"}
_OF_FIELD = {"type", "schema", "metadata"}
_OF_DEFAULT = {"type", "schema", "default", "default_factory"}


def bare(model: PayloadModel) -> tuple[Any, tuple[str, ...]]:
    """A core schema that takes the same payloads, save for one rule, and the names of that rule.

    Of the names at least one must be given; there are none where the model has no such rule.
    """
    schema: Any = model.__pydantic_core_schema__
    if issubclass(model, OneOf) and _is_one_of(schema):
        return _bare(schema["schema"]), model.one_of
    return _bare(schema), ()


def _is_one_of(schema: Any) -> bool:
    return schema["type"] == "function-after" and schema["function"]["function"] is OneOf.gives_one


def _bare(schema: Any) -> Any:
    """The schema without models; what is not known to be safe to take apart stays as it is."""
    match schema["type"]:
        case "model" if _is_plain(schema):
            fields = {
                name: core_schema.typed_dict_field(
                    _bare(_given(field["schema"])), required=field["schema"]["type"] != "default"
                )
                for name, field in schema["schema"]["fields"].items()
            }
            return core_schema.typed_dict_schema(fields, config=schema["config"])
        case "nullable":
            return {**schema, "schema": _bare(schema["schema"])}
        case "list" if "items_schema" in schema:
            return {**schema, "items_schema": _bare(schema["items_schema"])}
        case _:
            return schema


def _given(schema: Any) -> Any:
    """Of an attribute that may be absent: what it must be where it is not."""
    return schema["schema"] if schema["type"] == "default" else schema


def _is_plain(model: dict[str, Any]) -> bool:
    """Whether the model is its attributes and nothing besides, as far as this program can tell."""
    inner: dict[str, Any] = model["schema"]
    return (
        model.keys() <= _OF_MODEL
        and not (model.get("custom_init") or model.get("root_model"))
        and inner["type"] == "model-fields"
        and inner.keys() <= _OF_FIELDS
        and not inner.get("computed_fields")
        and all(_is_plain_field(field) for field in inner["fields"].values())
    )


def _is_plain_field(field: dict[str, Any]) -> bool:
    schema: dict[str, Any] = field["schema"]
    return field.keys() <= _OF_FIELD and (
        schema["type"] != "default" or schema.keys() <= _OF_DEFAULT
    )
