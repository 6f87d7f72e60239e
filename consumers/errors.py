"""What can go wrong while consuming, by what must happen next.

    ConsumerError
    ├── TransientFault      retry with back-off, for ever; `.fault` names it
    ├── LeaseLost           stop working on `.partitions`; their new owner goes on
    ├── CheckpointMoved     reload the state of `.partitions` from Postgres and read again
    ├── ProjectionRefused   permanent, for reasons of the data: bisect and park; `.projection`
    └── ProjectionBroken    permanent, for reasons of the code or its tables: detach; `.projection`

Drivers' errors are told apart once, by class or SQLSTATE, never by their text. What is neither
transient nor data is a defect or a missing migration: it passes unchanged.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from pydantic import ValidationError
from redis.exceptions import (
    ClusterCrossSlotError,
    CrossSlotTransactionError,
    InvalidPipelineStack,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import DataError as RedisDataError

_TRANSIENT_CLASSES = frozenset(
    {
        "08",  # connection
        "25",  # read-only after a failover, time-outs within a transaction
        "26",  # a prepared statement that the server behind a pooler does not know
        "28",  # authorisation: a password being rotated, pg_hba of a new primary
        "34",  # as 26, for portals
        "3D",  # no such database: it is being restored
        "40",  # deadlock, serialization
        "53",  # disk, memory, connections
        "55",  # lock not available, object not in the state that is needed
        "57",  # shutdown, crash, start-up, cancelled
        "58",  # I/O
        "72",  # snapshot too old
        "F0",  # configuration files
        "XX",  # internal errors and corruption; poolers say their own refusals with XX000
    }
)
_TRANSIENT_STATES = frozenset({"42P05"})
"""42P05: a prepared statement that the server behind a pooler already has from somebody else."""
_DATA_CLASSES = frozenset({"21", "22", "23", "54"})
_CODE_DEFECTS = (
    asyncpg.UnsupportedClientFeatureError,
    RedisDataError,
    ClusterCrossSlotError,
    CrossSlotTransactionError,
    InvalidPipelineStack,
)
"""Drivers' errors that say that they were called wrongly: no time heals them."""
_DRIVERS_FAULTS = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    RedisError,
    RedisClusterException,
    OSError,
    TimeoutError,
    EOFError,
)


class ConsumerError(Exception):
    """Base of everything that this package raises on purpose."""


class TransientFault(ConsumerError):
    """A fault of the surroundings; the same work will succeed later."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class LeaseLost(ConsumerError):
    """Another member owns these partitions, or nobody does."""

    def __init__(self, partitions: frozenset[int]) -> None:
        super().__init__(f"partitions {sorted(partitions)} are no longer ours")
        self.partitions = partitions


class CheckpointMoved(ConsumerError):
    """The checkpoint in Postgres is not the one that this batch was read behind."""

    def __init__(self, partitions: frozenset[int]) -> None:
        super().__init__(f"the checkpoints of partitions {sorted(partitions)} have moved")
        self.partitions = partitions


class ProjectionRefused(ConsumerError):
    """A fold or its write failed for reasons of the data."""

    def __init__(self, projection: str, detail: str) -> None:
        super().__init__(f"{projection}: {detail}")
        self.projection = projection
        self.detail = detail


class ProjectionBroken(ConsumerError):
    """A projection fails on everything, or its tables are not what its SQL expects."""

    def __init__(self, projection: str, detail: str) -> None:
        super().__init__(f"{projection}: {detail}")
        self.projection = projection
        self.detail = detail


def is_schema_error(error: BaseException) -> bool:
    """Whether a statement does not fit the tables (missing table, column, privilege)."""
    return (
        isinstance(error, asyncpg.PostgresError)
        and (error.sqlstate or "")[:2] == "42"
        and not is_transient(error)
    )


def is_data_error(error: BaseException) -> bool:
    """Whether Postgres refused the values themselves (data, constraint or limit exceeded)."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in _DATA_CLASSES


def is_transient(error: BaseException) -> bool:
    """Whether a driver's error is a fault of the surroundings: later, the same work succeeds."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return (
            state[:2] in _TRANSIENT_CLASSES
            or state in _TRANSIENT_STATES
            # Of 0A000, only this: a migration changed a table under a prepared statement.
            or isinstance(error, asyncpg.InvalidCachedStatementError)
        )
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return False  # a parameter's value or a connection's argument that asyncpg refuses
    return isinstance(error, _DRIVERS_FAULTS) and not isinstance(error, _CODE_DEFECTS)


def told(error: BaseException) -> str:
    """A fault as status and logs name it: without what was written, of which it may be a quote."""
    if isinstance(error, TransientFault):
        return error.fault
    if isinstance(error, ValidationError):
        places = (".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        return f"{type(error).__name__} of {error.title}: {', '.join(places)}"
    if isinstance(error, asyncpg.PostgresError) and is_data_error(error):
        # Its text may quote a value, its detail the whole row: what was violated has a name.
        violated = (error.constraint_name, error.column_name)
        return " ".join([_named(error), *filter(None, violated)])
    return f"{type(error).__name__}: {error}"


@contextmanager
def faults_translated() -> Iterator[None]:
    """Raise drivers' transient errors as `TransientFault`; everything else passes unchanged."""
    try:
        yield
    except (asyncpg.PostgresError, *_DRIVERS_FAULTS) as error:
        if not is_transient(error):
            raise
        raise TransientFault(_named(error)) from error


def _named(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        return f"postgres: {error.sqlstate} {kind}"
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return f"postgres: {kind}: {error}"
    if isinstance(error, RedisError | RedisClusterException):
        return f"redis: {kind}: {error}"
    return f"{kind}: {error}"
