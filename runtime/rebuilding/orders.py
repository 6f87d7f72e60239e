"""What a rebuild's process tells its workers, and what they tell it: one JSON object each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

from consumers.errors import ProjectionBroken, TransientFault
from consumers.rebuild.errors import EventParked, RunLost
from consumers.rebuild.plan import RebuildSettings


@dataclass(frozen=True, slots=True)
class Order:
    """Which partitions of a run a worker fills."""

    schema: str
    token: str
    group: str
    names: list[str]
    scope: str
    fail_fast: bool
    partitions: list[int]
    settings: RebuildSettings

    @property
    def run(self) -> UUID:
        """The run's token."""
        return UUID(self.token)

    def line(self) -> bytes:
        """One line for the worker's standard input."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Order:
        """The order of a line."""
        told = orjson.loads(line)
        return cls(**{**told, "settings": RebuildSettings(**told["settings"])})


def told_failure(error: BaseException) -> dict[str, Any] | None:
    """A worker's failure as it tells it; None for one that is not expected."""
    match error:
        case EventParked():
            return {"kind": "parked", "text": str(error)}
        case ProjectionBroken():
            return {"kind": "broken", "projection": error.projection, "text": error.detail}
        case RunLost():
            return {"kind": "lost"}
        case TransientFault():
            return {"kind": "transient", "text": error.fault}
        case _:
            return None


def failure(told: dict[str, Any]) -> Exception:
    """What a worker told, to be raised here."""
    match told["kind"]:
        case "parked":
            return EventParked(told["text"])
        case "broken":
            return ProjectionBroken(told["projection"], told["text"])
        case "lost":
            return RunLost()
        case _:
            return TransientFault(told["text"])
