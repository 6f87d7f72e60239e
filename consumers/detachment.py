"""Takes a projection that fails on everything out of its group's transaction."""

from __future__ import annotations

import asyncpg

from consumers.errors import faults_translated
from consumers.group import ConsumerGroup
from projections.statements import statements

_SQL = statements("consumers", "detachment.sql")


async def detach(pool: asyncpg.Pool, group: ConsumerGroup, *, projection: str, detail: str) -> bool:
    """Feed the projection no more, on any member; it keeps its place in the log.

    Once attached again it is fed from the log and joins live. False when it was detached already.
    """
    version = next(p.version for p in group.projections if p.name == projection)
    with faults_translated():
        done = await pool.fetchval(
            _SQL["detach"],
            group.name,
            projection,
            detail.replace("\x00", "\ufffd")[:2000],
            version,
        )
    return done is not None
