"""All read models, in the order in which they are written."""

from __future__ import annotations

import hashlib
import inspect
from importlib.resources import files

from projections import (
    company_activity,
    conversations,
    daily_counts,
    followups,
    handoffs,
    leads,
    messages,
    openai_usage,
    rag_queries,
)
from projections.projection import Projection

ALL: tuple[Projection, ...] = (
    conversations.PROJECTION,
    messages.PROJECTION,
    leads.PROJECTION,
    handoffs.PROJECTION,
    rag_queries.PROJECTION,
    followups.PROJECTION,
    openai_usage.PROJECTION,
    company_activity.PROJECTION,
    daily_counts.PROJECTION,
)


def by_name(name: str) -> Projection:
    """The projection of that name.

    Raises:
        LookupError: there is none; the message lists those there are.
    """
    for projection in ALL:
        if projection.name == name:
            return projection
    raise LookupError(f"no projection {name!r}; there are {', '.join(p.name for p in ALL)}")


def fingerprint(projection: Projection) -> str:
    """A hash of what decides a projection's rows: its code, its SQL and the types it reads."""
    module = inspect.getmodule(type(projection))
    code = inspect.getsource(module) if module is not None else ""
    sql = files("projections").joinpath(f"{projection.name}.sql").read_text(encoding="utf-8")
    parts = [projection.name, str(projection.version), *sorted(projection.reads), code, sql]
    return hashlib.sha256("\0".join(parts).replace("\r\n", "\n").encode()).hexdigest()
