"""What can go wrong while consuming, by what must happen next.

    ConsumerError
    ├── TransientFault      retry with back-off, for ever; `.fault` names it
    ├── LeaseLost           stop working on `.partitions`; their new owner goes on
    ├── CheckpointMoved     reload the state of `.partitions` from Postgres and read again
    └── ProjectionRefused   permanent, for reasons of the data: bisect and park; `.projection`

Drivers' errors are told apart once, by class or SQLSTATE, never by their text.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from redis.exceptions import RedisClusterException, RedisError

_TRANSIENT_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58"})
_DATA_CLASSES = frozenset({"21", "22", "23", "54"})


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


def is_data_error(error: BaseException) -> bool:
    """Whether Postgres refused the values themselves (data, constraint or limit exceeded)."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] in _DATA_CLASSES


@contextmanager
def faults_translated() -> Iterator[None]:
    """Raise drivers' transient errors as `TransientFault`; everything else passes unchanged."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "")[:2] in _TRANSIENT_CLASSES:
            raise TransientFault(f"postgres: {error.sqlstate} {type(error).__name__}") from error
        raise
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise TransientFault(f"postgres: {type(error).__name__}: {error}") from error
    except (RedisError, RedisClusterException) as error:
        raise TransientFault(f"redis: {type(error).__name__}: {error}") from error
    except (OSError, TimeoutError, EOFError) as error:
        raise TransientFault(f"{type(error).__name__}: {error}") from error
