"""What passes for a payload's model, and is made by msgspec while it parses a body.

Parsing, checking and making are one step then, and no model is made. A stand-in has the attributes of the
model and passes for an instance of it, to `isinstance` and in patterns, as does what is in it; but `type`
tells, and of the methods it has only `model_dump` with `exclude_none`.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args

from msgspec import Struct, defstruct
from msgspec.structs import fields

from events.catalogue import CATALOGUE
from events.payload import Payload
from events.shapes import shape_of

COMMON = frozenset(
    {"message.sent", "message_received.text"}
    | {f"message_received.{kind}" for kind in ("audio", "image", "document", "video")}
)
"""Types that most of a log is made of. Their payloads hold texts and numbers, and nothing that a model would
convert."""


def stand_in(type_: str, *, wary: bool, knows_all: bool) -> type[Struct]:
    """For the payloads of a type that is `COMMON`; `wary` as in `events.shapes`.

    One that `knows_all` refuses what has attributes besides; else they are left out, unseen.
    """
    model: type[Any] = CATALOGUE[type_].model
    return _of_model(model, shape_of(model, wary=wary), knows_all=knows_all)


def _of_model(model: type[Any], shape: type[Struct], *, knows_all: bool) -> type[Struct]:
    members: list[tuple[Any, ...]] = []
    for field in fields(shape):
        default = () if field.required else (field.default,)
        taken = _taken(model, field.name, field.type, knows_all=knows_all)
        members.append((field.name, taken, *default))
    given = vars(shape)
    rules = {name: given[name] for name in ("__post_init__",) if name in given}
    return defstruct(
        model.__name__,
        members,
        namespace={"__class__": model, "model_dump": _dumped, "__module__": __name__, **rules},
        forbid_unknown_fields=knows_all,
        gc=False,
    )


def _taken(model: type[Any], name: str, type_: Any, *, knows_all: bool) -> Any:
    """An attribute's type, with what passes for a model in place of what is in its shape."""
    kinds = get_args(type_) or (type_,)
    inner = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)]
    if not inner:
        return type_
    (shape,) = inner
    annotation = model.model_fields[name].annotation
    (of,) = [kind for kind in get_args(annotation) or (annotation,) if kind is not NoneType]
    made = _of_model(of, shape, knows_all=knows_all)
    return made if len(kinds) == 1 else made | None


def _dumped(told: Any, *, exclude_none: bool = False) -> dict[str, Any]:
    """As the model that it stands in for is dumped, in the order of its attributes."""
    model: type[Payload] = told.__class__
    found: dict[str, Any] = {}
    for name in model.model_fields:
        value = getattr(told, name)
        if isinstance(value, Struct):
            value = _dumped(value, exclude_none=exclude_none)
        if value is not None or not exclude_none:
            found[name] = value
    return found
