"""How far an export is: what a run that goes on needs of the one that stopped. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

import orjson

from consumers.selection import Selection, Slice, slice_from_json, slice_to_json

_FORMAT = 1
_REFUSALS = 5
"""So many are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log on its way: its body verbatim, and why `publish` would refuse it."""

    partition: int
    position: int
    event_id: UUID
    type: str
    body: bytes
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was handed on, but that `publish` would refuse."""

    event_id: str
    place: str
    """`partition:position`."""
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """The last event of a partition that was handed on."""

    position: int
    event_id: UUID


@dataclass(frozen=True, slots=True)
class State:
    """What was asked for, where it ends, and what of it was handed on."""

    selection: dict[str, Any]
    slices: tuple[Slice, ...]
    places: dict[int, Place] = field(default_factory=dict)
    by_type: dict[str, int] = field(default_factory=dict)
    size: int = 0
    """Bytes of the bodies."""
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    one_lined: int = 0
    """Bodies whose line breaks became spaces."""
    written: int = 0
    """Bytes of the target that this state speaks of."""
    done: bool = False

    @classmethod
    def new(cls, selection: Selection, slices: Sequence[Slice]) -> Self:
        """The beginning."""
        return cls(selection.told(), tuple(slices))

    @property
    def events(self) -> int:
        """How many were handed on."""
        return sum(self.by_type.values())

    def is_of(self, selection: Selection) -> bool:
        """Whether the same was asked for."""
        return _fingerprint(self.selection) == _fingerprint(selection.told())

    def after(self, events: Sequence[Logged], *, one_lined: int = 0) -> State:
        """The state once these events, in the order of the export, are handed on too."""
        places, by_type = dict(self.places), dict(self.by_type)
        refused, refusals, size = self.refused, self.refusals, self.size
        for event in events:
            places[event.partition] = Place(event.position, event.event_id)
            by_type[event.type] = by_type.get(event.type, 0) + 1
            size += len(event.body)
            if event.refusal is not None:
                refused += 1
                if len(refusals) < _REFUSALS:
                    refusals = (*refusals, refusal_of(event))
        return replace(
            self,
            places=places,
            by_type=by_type,
            size=size,
            refused=refused,
            refusals=refusals,
            one_lined=self.one_lined + one_lined,
        )

    def to_json(self) -> bytes:
        """The state as bytes, to be read again by `from_json`."""
        told = {
            "format": _FORMAT,
            "selection": self.selection,
            "fingerprint": _fingerprint(self.selection),
            "slices": [slice_to_json(one) for one in self.slices],
            "places": {str(p): [x.position, str(x.event_id)] for p, x in self.places.items()},
            "by_type": self.by_type,
            "bytes": self.size,
            "refused": self.refused,
            "refusals": [[x.event_id, x.place, x.why] for x in self.refusals],
            "one_lined": self.one_lined,
            "written": self.written,
            "done": self.done,
        }
        return orjson.dumps(told)

    @classmethod
    def from_json(cls, raw: bytes) -> Self:
        """The state that `to_json` told.

        Raises:
            ValueError: it is damaged, or of another version of this program.
        """
        try:
            told = orjson.loads(raw)
            if told["format"] != _FORMAT:
                raise ValueError(f"format {told['format']}")
            return cls(
                selection=dict(told["selection"]),
                slices=tuple(slice_from_json(one) for one in told["slices"]),
                places={int(p): Place(int(n), UUID(i)) for p, (n, i) in told["places"].items()},
                by_type=dict(told["by_type"]),
                size=int(told["bytes"]),
                refused=int(told["refused"]),
                refusals=tuple(Refusal(*one) for one in told["refusals"]),
                one_lined=int(told["one_lined"]),
                written=int(told["written"]),
                done=bool(told["done"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"is not the state of an export: {error!r}") from error


def refusal_of(event: Logged) -> Refusal:
    """Which event it is, and why it would be refused."""
    place = f"{event.partition}:{event.position}"
    return Refusal(str(event.event_id), place, event.refusal or "")


def _fingerprint(selection: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(selection, option=orjson.OPT_SORT_KEYS)).hexdigest()
