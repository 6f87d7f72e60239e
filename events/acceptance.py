"""Which bodies a producer may publish.

`place_of` is on the hot path of producers. What is ordinary is taken while it is parsed: each type has a
shape that its envelope and payload must have, and no event is made of them; whatever it does not take
is looked at in full, and told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, Protocol

import orjson
from msgspec import Meta, Struct, defstruct
from msgspec.json import Decoder

from events.catalogue import CATALOGUE, EventType
from events.codec import LONGEST, LONGEST_COMPANY, MAX_EVENT_BYTES, decode, opens_often
from events.envelope import Event
from events.errors import InvalidEvent, Reason
from events.ordinary_forms import time_beside
from events.payload import NewerVersion, UnknownType
from events.shapes import Shapeless, may_hold_anything, reader_of, shape_of, text

_Id = Annotated[str, Meta(min_length=36, max_length=36)]


def publishable(body: bytes) -> Event:
    """The event, when a producer may publish it.

    Raises:
        InvalidEvent: as `decode`, and for types and versions outside the catalogue.
    """
    event = decode(body)
    if type(event.payload) is UnknownType:
        raise InvalidEvent(
            Reason.UNKNOWN_TYPE, f"{event.type} is not in the catalogue", field="type"
        )
    if type(event.payload) is NewerVersion:
        raise InvalidEvent(
            Reason.NEWER_VERSION, f"{event.version} is newer than this program", field="version"
        )
    return event


def place_of(body: bytes) -> tuple[str, str]:
    """Company and conversation of a body that may be published, in a fifth of `publishable`'s time.

    Raises:
        InvalidEvent: as `publishable`.
    """
    return _ordinary(body) or _in_full(body)


def _in_full(body: bytes) -> tuple[str, str]:
    event = publishable(body)
    return event.company_id, event.conversation_id


def _ordinary(raw: bytes) -> tuple[str, str] | None:
    """The place of our envelope in a current version; None: it has to be looked at in full.

    What is taken here is taken there, and has the same place.
    """
    read = reader_of(raw, _READ, _READ_WARILY)
    if read is None or len(raw) > MAX_EVENT_BYTES:
        return None
    try:
        found = read(raw)
        if time_beside(found.occurred_at, found.id, found.causation_id) is None:
            return None
        if found.may_hold_anything and (opens_often(raw) or orjson.loads(raw) is None):
            return None
    except (ValueError, RecursionError):
        return None
    return found.company_id, found.conversation_id or ""


class _Envelope(Protocol):
    may_hold_anything: bool
    id: str
    occurred_at: str
    company_id: str
    conversation_id: str | None
    causation_id: str | None


def _reader(*, wary: bool) -> Callable[[bytes], _Envelope]:
    kinds: list[Any] = []
    for known in CATALOGUE.values():
        with suppress(Shapeless):
            kinds.append(_envelope(known, wary=wary))
    return Decoder(reduce(or_, kinds)).decode


def _envelope(known: EventType, *, wary: bool) -> type[Struct]:
    """Ids and time are left to be looked at together, which takes a fifth of the time."""
    return defstruct(
        known.type,
        [
            ("id", _Id),
            ("version", Literal[known.current]),
            ("occurred_at", str),
            ("company_id", text(LONGEST_COMPANY, shortest=1, wary=wary)),
            ("source", text(LONGEST, shortest=1, wary=wary)),
            ("correlation_id", text(LONGEST, shortest=1, wary=wary)),
            ("payload", shape_of(known.model, wary=wary)),
            ("conversation_id", text(LONGEST, wary=wary) | None, None),
            ("causation_id", _Id | None, None),
        ],
        namespace={"may_hold_anything": may_hold_anything(known.model)},
        tag_field="type",
        tag=known.type,
        forbid_unknown_fields=True,
        gc=False,
    )


_READ, _READ_WARILY = _reader(wary=False), _reader(wary=True)
