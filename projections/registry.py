"""All projections of all groups."""

from __future__ import annotations

from projections import groups
from projections.group import Basis, ConsumerGroup
from projections.projection import Projection

ALL: tuple[Projection, ...] = tuple(p for group in groups.ALL for p in group.projections)


def by_name(name: str) -> Projection:
    """The projection of that name.

    Raises:
        LookupError: there is none; the message lists those there are.
    """
    for projection in ALL:
        if projection.name == name:
            return projection
    raise LookupError(f"no projection {name!r}; there are {', '.join(p.name for p in ALL)}")


def group_of(projection: Projection) -> ConsumerGroup:
    """The group that feeds a declared projection."""
    return next(group for group in groups.ALL if projection in group.projections)


def is_built_from_log(projection: Projection) -> bool:
    """Whether a declared projection can be built anew from the event log."""
    return group_of(projection).basis is Basis.LOG
