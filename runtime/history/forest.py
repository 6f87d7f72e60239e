"""Which event led to which, as trees: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from events.envelope import RecordedEvent
from runtime.history.elsewhere import in_time


class Link(Enum):
    """Why an event is below another, or why it is below none."""

    CAUSATION = "causation"
    """The other is named by its causation_id."""
    CORRELATION = "correlation"
    """It names no cause; the other is the oldest event with its correlation_id."""
    ROOT = "root"
    """It names no cause, and no older event has its correlation_id."""
    NOT_IN_LOG = "cause_not_in_log"
    """The company's log does not have the cause that it names."""
    NOT_SHOWN = "cause_not_shown"
    """The cause that it names is in the log, and not among the events shown."""
    CIRCLE = "causes_in_a_circle"
    """Its cause is among its own effects; it is the oldest of the circle that was come to."""


@dataclass(frozen=True, slots=True)
class Node:
    """An event in its tree; `depth` counts from 0 for a root."""

    recorded: RecordedEvent
    parent: RecordedEvent | None
    link: Link
    depth: int


def forest(events: Sequence[RecordedEvent], elsewhere: frozenset[UUID]) -> list[Node]:
    """Every event once: parents before what they led to, siblings and roots oldest first.

    `elsewhere` are ids that the log has although no event of them is here.
    """
    ordered = sorted(events, key=in_time)
    parents, links = _parents(ordered, elsewhere)
    children: dict[int | None, list[int]] = {}
    for index, above in enumerate(parents):
        children.setdefault(above, []).append(index)
    nodes: list[Node] = []
    # A chain may be longer than Python's stack is deep.
    waiting = [(index, 0) for index in reversed(children.get(None, []))]
    while waiting:
        index, depth = waiting.pop()
        at = parents[index]
        parent = None if at is None else ordered[at]
        nodes.append(Node(ordered[index], parent, links[index], depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(index, []))]
    return nodes


def _parents(
    ordered: Sequence[RecordedEvent], elsewhere: frozenset[UUID]
) -> tuple[list[int | None], list[Link]]:
    by_id: dict[UUID, int] = {}
    oldest: dict[str, int] = {}
    for index, recorded in enumerate(ordered):
        by_id.setdefault(recorded.event.id, index)
        oldest.setdefault(recorded.event.correlation_id, index)
    parents: list[int | None] = [None] * len(ordered)
    links = [Link.ROOT] * len(ordered)
    roots = _Roots(len(ordered))
    for index, recorded in enumerate(ordered):
        cause = recorded.event.causation_id
        if cause is None:
            above, link = _correlated(recorded, index, oldest), Link.CORRELATION
        else:
            above, link = by_id.get(cause), Link.CAUSATION
        if above is None:
            links[index] = _why_root(cause, elsewhere)
        elif roots.of(above) == index:
            links[index] = Link.CIRCLE if link is Link.CAUSATION else Link.ROOT
        else:
            parents[index], links[index] = above, link
            roots.join(index, above)
    return parents, links


def _correlated(recorded: RecordedEvent, index: int, oldest: dict[str, int]) -> int | None:
    above = oldest[recorded.event.correlation_id] if recorded.event.correlation_id else index
    return None if above == index else above


def _why_root(cause: UUID | None, elsewhere: frozenset[UUID]) -> Link:
    if cause is None:
        return Link.ROOT
    return Link.NOT_SHOWN if cause in elsewhere else Link.NOT_IN_LOG


class _Roots:
    """The root above each event, found in few steps however long the chains are."""

    def __init__(self, size: int) -> None:
        self._up = list(range(size))

    def of(self, index: int) -> int:
        while self._up[index] != index:
            self._up[index] = self._up[self._up[index]]
            index = self._up[index]
        return index

    def join(self, index: int, above: int) -> None:
        """Put a root below another tree."""
        self._up[index] = self.of(above)
