"""Bodies of the types that most of a log is made of, read in one step.

What nearly all events of a log are is parsed and checked at once, by a shape made of the payload model's
own schema, and no model is made of it. Whatever a shape leaves is for `restored`, which gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from types import NoneType
from typing import Any, Literal, get_args
from uuid import UUID

from msgspec import UNSET, Struct, defstruct, to_builtins
from msgspec.json import Decoder
from msgspec.structs import fields

from events.catalogue import CATALOGUE
from events.catalogue.fields import parse_uuid
from events.envelope import Event
from events.payload import Payload
from events.restoring import logged_time
from events.shapes import shape_of

COMMON = frozenset(
    {"message.sent", "message_received.text"}
    | {f"message_received.{kind}" for kind in ("audio", "image", "document", "video")}
)
"""Their payloads hold texts and numbers, and nothing that a model would convert."""

_tuple = tuple.__new__


def read(body: str, event_id: UUID) -> Event | None:
    """The event that `restored` gives for a logged body of a type that is `COMMON`; None: ask that.

    Its payload has the attributes of the model and passes for an instance of it, to `isinstance` and in
    patterns, as does what is in it; but `type` tells, and of the methods it has only `model_dump`.
    """
    # Texts of JSON have control characters only by escapes, but for one.
    if "\\" not in body and "\x7f" not in body:
        decode = _READ
    elif "\\u0000" not in body:
        decode = _READ_WARILY
    else:
        return None
    try:
        told = decode(body)
        if told.specversion is not UNSET:
            return None
        cause = told.causation_id
        return _tuple(
            Event,
            (
                event_id,
                told.type,
                told.version,
                logged_time(told.occurred_at),
                told.company_id,
                told.conversation_id,
                told.source,
                told.correlation_id,
                None if cause is None else parse_uuid(cause),
                told.payload,
            ),
        )
    except (ValueError, OverflowError):
        return None


def _reader(*, wary: bool) -> Callable[[str], Any]:
    return Decoder(reduce(or_, [_envelope(type_, wary=wary) for type_ in sorted(COMMON)])).decode


def _envelope(type_: str, *, wary: bool) -> Any:
    known = CATALOGUE[type_]
    model: type[Any] = known.model
    return defstruct(
        type_,
        [
            ("version", Literal[known.current]),
            ("occurred_at", str),
            ("company_id", str),
            ("conversation_id", str),
            ("source", str),
            ("correlation_id", str),
            ("payload", _stand_in(model, shape_of(model, wary=wary))),
            ("causation_id", str | None, None),
            ("specversion", Any, UNSET),
        ],
        namespace={"type": type_},
        tag_field="type",
        tag=type_,
        gc=False,
    )


def _stand_in(model: type[Any], shape: type[Struct]) -> type[Struct]:
    members: list[tuple[Any, ...]] = []
    for field in fields(shape):
        default = () if field.required else (field.default,)
        members.append((field.name, _taken(model, field.name, field.type), *default))
    given = vars(shape)
    rules = {name: given[name] for name in ("__post_init__",) if name in given}
    return defstruct(
        model.__name__,
        members,
        namespace={"__class__": model, "model_dump": _dumped, "__module__": __name__, **rules},
        gc=False,
    )


def _taken(model: type[Any], name: str, type_: Any) -> Any:
    """An attribute's type, with what passes for a model in place of what is in its shape."""
    kinds = get_args(type_) or (type_,)
    inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)]
    if not inner:
        return type_
    (shape,) = inner
    annotation = model.model_fields[name].annotation
    (of,) = [kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType]
    stand_in = _stand_in(of, shape)
    return stand_in if len(kinds) == 1 else stand_in | None


def _dumped(told: Any, **how: Any) -> dict[str, Any]:
    """As the model that it stands in for is dumped."""
    model: type[Payload] = told.__class__
    return model.model_validate(to_builtins(told)).model_dump(**how)


_READ, _READ_WARILY = _reader(wary=False), _reader(wary=True)
