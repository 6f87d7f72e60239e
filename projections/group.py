"""What a consumer group is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from projections.projection import Projection


class Basis(Enum):
    """How a group knows an event that it has had before, beyond its cursor."""

    LOG = "log"
    """It writes the event log, and the log's event ids are the basis. One group does."""
    SEEN = "seen"
    """It keeps the ids it has had in `runtime.seen_events`."""


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A name and the projections it feeds, in the order in which they are written.

    The name is the Redis consumer group's on every stream, and `group_name` in `runtime.*`.
    """

    name: str
    projections: tuple[Projection, ...]
    basis: Basis = Basis.SEEN
