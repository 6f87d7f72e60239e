"""Which errors are the surroundings' fault, which the data's, and which nobody's but the code's."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Iterator

import asyncpg
import asyncpg.exceptions
import pytest
import redis.exceptions
from asyncpg.exceptions._base import PostgresMessage
from pydantic import ValidationError
from redis._parsers.base import BaseParser
from redis.asyncio.sentinel import MasterNotFoundError, SlaveNotFoundError

from consumers.errors import (
    TransientFault,
    faults_translated,
    is_data_error,
    is_schema_error,
    told,
)
from events.catalogue.leads import LeadFactRecorded

TRANSIENT = {
    "08000": "connection exception",
    "08006": "connection failure",
    "08P01": "what a pooler says when it loses the thread",
    "25006": "read-only: a standby, or a disk being saved",
    "25P02": "the transaction was aborted before",
    "25P03": "idle in transaction",
    "25P04": "transaction time-out",
    "26000": "a prepared statement behind a pooler",
    "28000": "pg_hba while failing over",
    "28P01": "a password being rotated",
    "34000": "a portal behind a pooler",
    "3D000": "the database is being restored",
    "40001": "serialization failure",
    "40003": "whether it was committed is not known",
    "40P01": "deadlock",
    "42P05": "a prepared statement behind a pooler",
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "53400": "configured limit",
    "55000": "recovery is in progress",
    "55006": "object in use",
    "55P03": "lock time-out",
    "57014": "statement time-out",
    "57P01": "shutdown",
    "57P02": "crash",
    "57P03": "starting up",
    "57P04": "database dropped",
    "57P05": "idle session",
    "58000": "system error",
    "58030": "I/O error",
    "58P01": "a file is missing",
    "72000": "snapshot too old",
    "F0000": "configuration file",
    "XX000": "internal error, and poolers' refusals",
    "XX001": "data corrupted",
    "XX002": "index corrupted",
}
DATA = ("21000", "22001", "22003", "22P02", "22P05", "23502", "23505", "23514", "54000", "54001")
NEITHER = ("0A000", "2BP01", "39P01", "44000", "P0001")
SCHEMA = ("42501", "42601", "42703", "42804", "42883", "42P01", "42P18")
REDIS_DEFECTS = {
    redis.exceptions.DataError,
    redis.exceptions.ClusterCrossSlotError,
    redis.exceptions.CrossSlotTransactionError,
    redis.exceptions.InvalidPipelineStack,
}
NOT_OF_COMMANDS = {
    redis.exceptions.ChildDeadlockedError,
    redis.exceptions.IncorrectPolicyType,
}


def server_says(sqlstate: str) -> asyncpg.PostgresError:
    """The error that asyncpg makes of a server's message with this code."""
    made = asyncpg.PostgresError.new({"S": "ERROR", "V": "ERROR", "C": sqlstate, "M": "x"})
    assert isinstance(made, asyncpg.PostgresError)
    assert isinstance(made, PostgresMessage)
    return made


def translated(error: BaseException) -> BaseException:
    """What comes out when `error` goes in."""
    with pytest.raises(Exception) as caught, faults_translated():
        raise error
    return caught.value


@pytest.mark.parametrize("sqlstate", TRANSIENT)
def test_states_of_the_surroundings_are_transient(sqlstate: str) -> None:
    error = server_says(sqlstate)
    found = translated(error)
    assert isinstance(found, TransientFault)
    assert found.__cause__ is error
    assert sqlstate in found.fault
    assert not is_data_error(error)
    assert not is_schema_error(error)


@pytest.mark.parametrize("sqlstate", DATA)
def test_states_of_the_data_are_never_transient(sqlstate: str) -> None:
    error = server_says(sqlstate)
    assert translated(error) is error
    assert is_data_error(error)


@pytest.mark.parametrize("sqlstate", [*NEITHER, *SCHEMA])
def test_states_of_the_code_pass_unchanged(sqlstate: str) -> None:
    error = server_says(sqlstate)
    assert translated(error) is error
    assert not is_data_error(error)
    assert is_schema_error(error) == (sqlstate in SCHEMA)


def test_a_plan_that_a_migration_made_stale_is_transient() -> None:
    fields = {"C": "0A000", "R": "RevalidateCachedQuery", "M": "x"}
    error = asyncpg.PostgresError.new({"S": "ERROR", "V": "ERROR", **fields})
    assert isinstance(error, asyncpg.InvalidCachedStatementError)
    assert isinstance(translated(error), TransientFault)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection was closed in the middle of operation"),
        asyncpg.exceptions.OutdatedSchemaCacheError("cached type information is outdated"),
        asyncpg.exceptions.ProtocolError("unexpected message"),
        asyncpg.exceptions.TargetServerAttributeNotMatched("no primary among the hosts"),
        asyncpg.ConnectionDoesNotExistError("closed"),
        ConnectionRefusedError(111, "refused"),
        ConnectionResetError(104, "reset"),
        FileNotFoundError(2, "the socket is not there"),
        BlockingIOError(11, "the socket's backlog is full"),
        TimeoutError(),
        EOFError(),
        ssl.SSLCertVerificationError("certificate has expired"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_broken_connections_are_transient(error: BaseException) -> None:
    assert isinstance(translated(error), TransientFault)
    assert not is_data_error(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.exceptions._base.DataError("invalid input for query argument $1"),
        asyncpg.exceptions.ClientConfigurationError("invalid dsn"),
        asyncpg.exceptions.UnsupportedClientFeatureError("not supported"),
        KeyError("a defect"),
        RuntimeError("a defect"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_wrong_use_of_a_driver_is_not_transient(error: BaseException) -> None:
    assert translated(error) is error


def redis_errors() -> Iterator[type[Exception]]:
    for kind in vars(redis.exceptions).values():
        if inspect.isclass(kind) and issubclass(kind, Exception):
            yield kind
    yield from (MasterNotFoundError, SlaveNotFoundError)


@pytest.mark.parametrize("kind", list(redis_errors()), ids=lambda kind: kind.__name__)
def test_every_error_of_redis_is_classified(kind: type[Exception]) -> None:
    """A class that a new redis-py adds must be thought about before this passes."""
    error = kind.__new__(kind)
    Exception.__init__(error, "x")
    if kind in REDIS_DEFECTS | NOT_OF_COMMANDS:
        assert translated(error) is error
    else:
        found = translated(error)
        assert isinstance(found, TransientFault)
        assert kind.__name__ in found.fault


@pytest.mark.parametrize(
    "reply",
    [
        "LOADING Redis is loading the dataset in memory",
        "READONLY You can't write against a read only replica.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MISCONF Errors writing to the AOF file",
        "NOREPLICAS Not enough good replicas to write.",
        "MASTERDOWN Link with MASTER is down",
        "BUSY A script is running",
        "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair or user is disabled.",
        "NOPERM this user has no permissions",
        "NOSCRIPT No matching script.",
        "NOGROUP No such key or consumer group",
        "UNBLOCKED the stream key no longer exists",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "ERR max number of clients reached",
    ],
    ids=lambda reply: str(reply).split(maxsplit=1)[0],
)
def test_every_refusal_of_the_server_is_transient(reply: str) -> None:
    error: Exception = BaseParser.parse_error(reply)  # type: ignore[no-untyped-call]
    assert isinstance(translated(error), TransientFault)


def test_a_fault_is_told_without_what_was_written() -> None:
    with pytest.raises(ValidationError) as refused:
        LeadFactRecorded.model_validate({"name": "segredo" * 20, "evidence": "meu segredo"})
    of_form = told(refused.value)
    assert "segredo" not in of_form
    assert of_form.startswith("ValidationError of LeadFactRecorded: ")
    assert "name" in of_form


async def test_a_value_that_postgres_refuses_is_not_told(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        for value in ("segredo\0", "segredo"):
            with pytest.raises(asyncpg.DataError) as refused:
                await conn.fetchval("SELECT $1::text::uuid", value)
            assert "segredo" not in told(refused.value)
    finally:
        await conn.close()


async def test_of_a_violated_constraint_its_name_is_told_and_not_the_row(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        await conn.execute("CREATE TABLE words (word text NOT NULL, UNIQUE (word))")
        await conn.execute("ALTER TABLE words ADD CONSTRAINT is_short CHECK (length(word) < 9)")
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await conn.execute("INSERT INTO words VALUES ('meu segredo')")
        assert "segredo" in str(refused.value)
        assert told(refused.value) == "postgres: 23514 CheckViolationError is_short"
        with pytest.raises(asyncpg.NotNullViolationError) as missing:
            await conn.execute("INSERT INTO words VALUES (NULL)")
        assert told(missing.value) == "postgres: 23502 NotNullViolationError word"
    finally:
        await conn.close()
