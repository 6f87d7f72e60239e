"""All projections of all groups."""

from __future__ import annotations

import hashlib
import inspect
from importlib.resources import files

from projections import groups
from projections.group import ConsumerGroup
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


def fingerprint(projection: Projection) -> str:
    """A hash of what decides a projection's rows: its code, its SQL and the types it reads."""
    module = inspect.getmodule(type(projection))
    code = inspect.getsource(module) if module is not None else ""
    sql = files("projections").joinpath(f"{projection.name}.sql").read_text(encoding="utf-8")
    parts = [projection.name, str(projection.version), *sorted(projection.reads), code, sql]
    return hashlib.sha256("\0".join(parts).replace("\r\n", "\n").encode()).hexdigest()
