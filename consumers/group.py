"""What a consumer group is."""

from __future__ import annotations

from dataclasses import dataclass

from projections.projection import Projection


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A name and the projections it feeds, in the order in which they are written.

    The name is the Redis consumer group's on every stream, and `group_name` in `runtime.*`.
    """

    name: str
    projections: tuple[Projection, ...]
