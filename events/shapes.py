"""What a payload's model asks of its attributes, as a shape that msgspec reads from a body's bytes.

Parsing and checking are one step then, and nothing is made of attributes that nobody knows. A shape
takes less than its model does: what it refuses has to be looked at in full.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, defstruct

from events.catalogue import PayloadModel, fields
from events.payload import OneOf

_OF_MODEL = {"type", "cls", "schema", "config", "custom_init", "root_model", "metadata", "ref"}
_OF_FIELDS = {"type", "fields", "model_name", "computed_fields"}
_OF_FIELD = {"type", "schema", "metadata"}
_OF_DEFAULT = {"type", "schema", "default", "default_factory"}
_CONFIG = {"extra_fields_behavior": "ignore", "strict": True, "title": ""}
_LEAST, _MOST = -(2**63), 2**63 - 1
_WITHOUT_CONTROLS = r"\A[^\x00-\x1f\x7f]*\Z"

Id = Annotated[str, Meta(pattern=r"\A[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]
# Each of these exists, whatever its offset: no 29th of February, no year at the end of time.
Instant = Annotated[
    str,
    Meta(
        pattern=r"\A[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
        r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
        r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\Z"
    ),
]
_Amount = (
    Annotated[float, Meta(gt=-1e17, lt=1e17)]
    | Annotated[str, Meta(pattern=r"\A-?[0-9]{1,17}(?:\.[0-9]{1,18})?\Z")]
)
_READ: dict[Any, Any] = {
    fields.read_time: Instant,
    fields.read_uuid: Id,
    fields.read_decimal: _Amount,
}


_BACKSLASH, _DELETE = 0x5C, 0x7F
"""Numbers are found in a body in a sixth of the time that a text of one byte takes."""
R = TypeVar("R")


def reader_of(raw: bytes, plain: R, wary: R) -> R | None:
    """Which of two readers a body is for; None: it may hold U+0000, and has to be looked at in full."""
    # Texts of JSON have control characters only by escapes, but for one.
    if _BACKSLASH not in raw and _DELETE not in raw:
        return plain
    return None if b"\\u0000" in raw else wary


class Shapeless(Exception):
    """A model asks for something that no shape is known to ask for."""


def text(longest: int | None = None, *, shortest: int = 0, wary: bool) -> Any:
    """Text of so many characters, without control characters, which only `wary` looks for."""
    pattern = _WITHOUT_CONTROLS if wary else None
    return Annotated[str, Meta(min_length=shortest, max_length=longest, pattern=pattern)]


def shape_of(model: PayloadModel, *, wary: bool) -> type[Struct]:
    """What takes only payloads that the model takes.

    Unless it is `wary`, it is for bodies in which no text can have a control character.

    Raises:
        Shapeless: there is none.
    """
    schema: Any = model.__pydantic_core_schema__
    if issubclass(model, OneOf) and _is_one_of(schema):
        return _struct(schema["schema"], wary=wary, one_of=model.one_of)
    return _struct(schema, wary=wary)


def may_hold_anything(model: PayloadModel) -> bool:
    """Whether its shape passes numbers that are none to the parser of the log's bodies."""
    return _is_open(model.__pydantic_core_schema__)


def _is_open(schema: Any) -> bool:
    inner = [schema[name] for name in ("schema", "items_schema", "values_schema") if name in schema]
    if schema["type"] == "model-fields":
        inner += schema["fields"].values()
    return schema["type"] == "any" or any(map(_is_open, inner))


def _is_one_of(schema: Any) -> bool:
    return schema["type"] == "function-after" and schema["function"]["function"] is OneOf.gives_one


def _struct(schema: Any, *, wary: bool, one_of: tuple[str, ...] = ()) -> type[Struct]:
    if schema["type"] != "model" or not _is_plain(schema):
        raise Shapeless(schema["type"])
    members: list[tuple[Any, ...]] = []
    for name, field in schema["schema"]["fields"].items():
        inner, default = _given(field["schema"])
        members.append((name, _value(inner, wary=wary), *default))
    return defstruct(
        schema["cls"].__name__,
        sorted(members, key=len),
        forbid_unknown_fields=True,
        gc=False,
        namespace=_one_given(*one_of) if one_of else {},
    )


def _one_given(first: str, second: str) -> dict[str, Any]:
    def look(struct: Struct) -> None:
        if getattr(struct, first) is None and getattr(struct, second) is None:
            raise ValueError(f"{first} or {second} is required")

    return {"__post_init__": look}


def _given(schema: Any) -> tuple[Any, tuple[None, ...]]:
    """Of an attribute that may be absent: what it must be where it is not, and that it may be."""
    if schema["type"] != "default":
        return schema, ()
    if not schema.keys() <= _OF_DEFAULT:
        raise Shapeless("default")
    return schema["schema"], (None,)


def _value(schema: Any, *, wary: bool) -> Any:
    asked = schema.keys() - {"type", "metadata"}
    match schema["type"]:
        case "model":
            return _struct(schema, wary=wary)
        case "nullable" if asked == {"schema"}:
            return _value(schema["schema"], wary=wary) | None
        case "list" if asked == {"items_schema"}:
            return list[_value(schema["items_schema"], wary=wary)]  # type: ignore[misc]
        case "dict" if asked == {"keys_schema", "values_schema"}:
            keys, values = schema["keys_schema"], schema["values_schema"]
            return dict[_value(keys, wary=wary), _value(values, wary=wary)]  # type: ignore[misc]
        case "str" if asked <= {"min_length", "max_length", "pattern"}:
            return _text(schema, wary=wary)
        case "int" if asked <= {"ge", "le"}:
            # orjson makes floats of what is greater.
            least, most = schema.get("ge", _LEAST), schema.get("le", _MOST)
            return Annotated[int, Meta(ge=max(least, _LEAST), le=min(most, _MOST))]
        case "float" if asked <= {"ge", "le"}:
            return Annotated[float, Meta(ge=schema.get("ge"), le=schema.get("le"))]
        case "bool" if not asked:
            return bool
        case "any" if not asked:
            return Any
        case "literal" if asked == {"expected"}:
            return Literal[tuple(schema["expected"])]
        case "function-before" if schema["function"]["function"] in _READ:
            return _READ[schema["function"]["function"]]
    raise Shapeless(schema["type"])


def _text(schema: Any, *, wary: bool) -> Any:
    longest, shortest = schema.get("max_length"), schema.get("min_length", 0)
    match schema.get("pattern"):
        case None:
            return Annotated[str, Meta(min_length=shortest, max_length=longest)]
        case fields.NO_CONTROLS:
            return text(longest, shortest=max(shortest, 1), wary=wary)
    raise Shapeless("pattern")


def _is_plain(model: dict[str, Any]) -> bool:
    """Whether the model is its attributes and nothing besides, as far as this program can tell."""
    inner: dict[str, Any] = model["schema"]
    return (
        model.keys() <= _OF_MODEL
        and not (model.get("custom_init") or model.get("root_model"))
        and {**model["config"], "title": ""} == _CONFIG
        and inner["type"] == "model-fields"
        and inner.keys() <= _OF_FIELDS
        and not inner.get("computed_fields")
        and all(field.keys() <= _OF_FIELD for field in inner["fields"].values())
    )
