"""Bodies of the types that most of a log is made of, read from it in one step.

What nearly all events of a log are is parsed and checked at once, and no model is made of it
(`events.stand_ins`). Whatever is left is for `restored`, which gives the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, defstruct
from msgspec.json import Decoder

from events.catalogue import CATALOGUE
from events.catalogue.fields import parse_uuid
from events.envelope import Event
from events.restoring import logged_time
from events.stand_ins import COMMON, stand_in

_tuple = tuple.__new__


def read(body: str, event_id: UUID) -> Event | None:
    """The event that `restored` gives for a logged body of a type that is `COMMON`; None: ask that.

    Its payload is a stand-in.
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
    return defstruct(
        type_,
        [
            ("version", Literal[known.current]),
            ("occurred_at", str),
            ("company_id", str),
            ("conversation_id", str),
            ("source", str),
            ("correlation_id", str),
            ("payload", stand_in(type_, wary=wary, knows_all=False)),
            ("causation_id", str | None, None),
            ("specversion", Any, UNSET),
        ],
        namespace={"type": type_},
        tag_field="type",
        tag=type_,
        gc=False,
    )


_READ, _READ_WARILY = _reader(wary=False), _reader(wary=True)
