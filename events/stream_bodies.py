"""Bodies of stream entries to events: those of common types in one step, the others as `decode` does.

On the hot path: it takes half of `decode`'s time for what is ordinary, as nothing is made of a body between
its bytes and the event's values, and no payload's model. Whatever is odd is left to `decode`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from functools import reduce
from operator import or_
from typing import Any, Literal

from asyncpg.pgproto import pgproto
from msgspec import defstruct
from msgspec.json import Decoder

from events.catalogue import CATALOGUE
from events.codec import LONGEST, LONGEST_COMPANY, MAX_EVENT_BYTES, decode
from events.envelope import Event
from events.ordinary_forms import time_beside
from events.shapes import reader_of, text
from events.stand_ins import COMMON, stand_in

_MAY_BE_COMMON = re.compile(rb'"message(?:_received\.|\.sent")').search
_tuple = tuple.__new__


def event_of(raw: bytes) -> Event:
    """The event that `events.codec.decode` gives, with a stand-in for a payload of a common type.

    Raises:
        InvalidEvent: as `decode` does.
    """
    return common(raw) or decode(raw)


def common(raw: bytes) -> Event | None:
    """Our envelope around a payload of a common type, both in the current version; None: ask `decode`."""
    if _MAY_BE_COMMON(raw) is None:
        return None
    read = reader_of(raw, _READ, _READ_WARILY)
    if read is None or len(raw) > MAX_EVENT_BYTES:
        return None
    try:
        told = read(raw)
        cause = told.causation_id
        if (at := time_beside(told.occurred_at, told.id, cause)) is None:
            return None
        # What a named tuple's constructor does, without the call of a Python function around it.
        return _tuple(
            Event,
            (
                pgproto.UUID(told.id),
                told.type,
                told.version,
                at if at.tzinfo is UTC else at.astimezone(UTC),
                told.company_id,
                told.conversation_id or "",
                told.source,
                told.correlation_id,
                None if cause is None else pgproto.UUID(cause),
                told.payload,
            ),
        )
    except (ValueError, RecursionError):
        return None


def _reader(*, wary: bool) -> Callable[[bytes], Any]:
    return Decoder(reduce(or_, [_envelope(type_, wary=wary) for type_ in sorted(COMMON)])).decode


def _envelope(type_: str, *, wary: bool) -> Any:
    """What is not known is refused: nobody would have looked whether its bytes are text."""
    known = CATALOGUE[type_]
    return defstruct(
        type_,
        [
            ("id", str),
            ("version", Literal[known.current]),
            ("occurred_at", str),
            ("company_id", text(LONGEST_COMPANY, shortest=1, wary=wary)),
            ("source", text(LONGEST, shortest=1, wary=wary)),
            ("correlation_id", text(LONGEST, shortest=1, wary=wary)),
            ("payload", stand_in(type_, wary=wary, knows_all=True)),
            ("conversation_id", text(LONGEST, wary=wary) | None, None),
            ("causation_id", str | None, None),
        ],
        namespace={"type": known.type},
        tag_field="type",
        tag=known.type,
        forbid_unknown_fields=True,
        gc=False,
    )


_READ, _READ_WARILY = _reader(wary=False), _reader(wary=True)
