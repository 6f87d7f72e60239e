"""A transaction that holds the leases of some partitions, or fails as a whole.

Its time-outs are shorter than the lease: an owner that is frozen inside it cannot hold its rows
against the member that takes over.

Source: https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from consumers.errors import CheckpointMoved, LeaseLost, faults_translated
from consumers.partition_state import PartitionState
from projections.statements import statements

SQL = statements("consumers", "leased.sql")
Connection = asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Member:
    """Who works for which group, and how long its lease lasts, in seconds."""

    group: str
    member_id: str
    lease_s: float


_LOCK, _STATEMENT, _IDLE = 400, 800, 500
"""Thousandths of the lease."""


def bounds(lease_s: float) -> list[str]:
    """Lock, statement and idle-in-transaction time-outs of a transaction under such a lease."""
    return [f"{int(lease_s * share)}ms" for share in (_LOCK, _STATEMENT, _IDLE)]


def bound_s(lease_s: float) -> float:
    """How long a statement under such a lease may take that stands for itself, in seconds."""
    return lease_s * _LOCK / 1000


@asynccontextmanager
async def leased(
    pool: asyncpg.Pool, member: Member, states: Sequence[PartitionState]
) -> AsyncIterator[tuple[Connection, datetime]]:
    """The connection, and the database's time as the transaction began.

    Raises:
        LeaseLost: a partition is no longer the member's under the state's epoch.
        CheckpointMoved: a state was loaded from a server that has been restarted since.
        TransientFault: it is not known whether the transaction was committed.
    """
    with faults_translated():
        async with pool.acquire() as conn, conn.transaction():
            yield conn, await _lock(conn, member, states)


def holding(member: Member, states: Sequence[PartitionState]) -> list[Any] | None:
    """The parameters of `hold leases`; None where the states are not of one start of the server."""
    started = {state.server_started for state in states}
    if len(started) != 1 or None in started:
        return None
    lock_within, *_ = bounds(member.lease_s)
    return [
        member.group,
        [state.partition for state in states],
        [state.epoch for state in states],
        member.member_id,
        lock_within,
        started.pop(),
        len(states),
    ]


async def _lock(conn: Connection, member: Member, states: Sequence[PartitionState]) -> datetime:
    wanted = {state.partition: state.epoch for state in states}
    rows = await conn.fetch(
        SQL["lock leases"], member.group, list(wanted), member.member_id, *bounds(member.lease_s)
    )
    held = {row["partition"] for row in rows if wanted[row["partition"]] == row["epoch"]}
    if lost := frozenset(wanted) - held:
        raise LeaseLost(lost)
    if elsewhere := frozenset(
        state.partition for state in states if state.server_started != rows[0]["server_started"]
    ):
        # A server that was started since, or another one, may be of an earlier moment.
        raise CheckpointMoved(elsewhere)
    recorded_at: datetime = rows[0]["recorded_at"]
    return recorded_at
