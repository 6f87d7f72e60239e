"""A rebuild's own schema: its shadow tables, its accounts, and who works on it.

It is created in one transaction and dropped in one. Everything that writes into it holds the run's
token, so whoever took the run over finds no late writer.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from consumers.columns import columns
from consumers.errors import is_schema_error
from consumers.feeding import FOLLOWER, Parked
from consumers.leased import Connection
from consumers.partition_state import Conversation
from consumers.rebuild.dropping import drop_now, drop_when_free
from consumers.rebuild.errors import CannotRebuild, RunLost, SomebodyIsAtIt, UnfinishedRun
from consumers.rebuild.plan import Operator, Plan
from consumers.rebuild.replacing import WaitsFor
from consumers.rebuild.report import Waiting
from consumers.rebuild.shadow import Shadow
from projections.migrate import table_statement
from projections.projection import Projection
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "scratch.sql")
PREPARING = "preparing"
"""A run's phase while nothing was read."""
_LOOKS = 5
_WAIT_FOR_FROZEN = "90s"
"""Longer than whoever is frozen within a transaction may keep it open."""
_GONE = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)


@dataclass(slots=True)
class FilledPart:
    """How far a partition's past is filled in."""

    partition: int
    up_to: int
    is_filled: bool
    company_id: str
    conversation_id: str
    position: int


@dataclass(slots=True)
class Account:
    """Where a shadow stands in a partition."""

    partition: int
    position: int
    applied: int
    parked: int


@dataclass(frozen=True, slots=True)
class ReadModelRun:
    """One read model of a run."""

    name: str
    version: int
    replaces: int
    report: dict[str, Any] | None
    swapped: bool


class Scratch:
    """One run, by its schema and token. Made by `begin_or_resume`, or `joined` by its workers."""

    def __init__(self, pool: asyncpg.Pool, schema: str, token: UUID, group: str) -> None:
        self.pool = pool
        self.schema = schema
        self.token = token
        self.group = group

    @cached_property
    def _sql(self) -> dict[str, str]:
        return {
            name: filled(sql, scratch=self.schema) if "{scratch}" in sql else sql
            for name, sql in _SQL.items()
        }

    def sql(self, name: str) -> str:
        """A statement of `scratch.sql` for this schema."""
        return self._sql[name]

    @asynccontextmanager
    async def holding(
        self,
        *,
        isolation: Any = None,
        waits_for_disk: bool = True,
        reading: Sequence[str] = (),
    ) -> AsyncIterator[Connection]:
        """A transaction that commits only while the run is ours.

        One that does not wait for the disk may be lost in a crash of the database, as a whole, unless
        one that waits came after it. No swap comes between its snapshot and the tables behind the
        views that it is `reading`.

        Raises:
            RunLost: it is not; nothing was written.
        """
        async with self.pool.acquire() as own, own.transaction(isolation=isolation):
            for view in reading:
                await own.execute(filled(_SQL["lock for reading"], view=view))
            hold = "hold" if isolation else "hold a while"
            await self._ask(own, hold if waits_for_disk else "hold and commit soon")
            yield own

    @asynccontextmanager
    async def told_when_lost(self) -> AsyncIterator[None]:
        """Where its tables are gone within the block, say `RunLost` if it is no longer ours."""
        try:
            yield
        except asyncpg.PostgresError as error:
            if is_schema_error(error):
                await self.share()
            raise

    async def beat(self, *, share: float) -> None:
        """Tell that this run's process lives, and what its workers may use. Raises `RunLost`."""
        await self._ask(self.pool, "beat", share)

    async def share(self) -> float:
        """What its workers may use of the time. Raises `RunLost`."""
        return float(await self._ask(self.pool, "share"))

    async def enter(self, phase: str) -> None:
        """Say what is being done. Raises `RunLost`."""
        await self._ask(self.pool, "enter", phase)

    async def phase(self) -> str:
        """What was being done last."""
        (run,) = await self.pool.fetch(self.sql("run"))
        return str(run["phase"])

    async def _ask(self, conn: Any, statement: str, *parameters: Any) -> Any:
        try:
            told = await conn.fetchval(self.sql(statement), self.token, *parameters)
        except _GONE:
            raise RunLost from None
        if told is None:
            raise RunLost
        return told

    async def parts(self) -> list[FilledPart]:
        """Every partition, in order."""
        rows = await self.pool.fetch(self.sql("partitions"))
        return [FilledPart(*(row[name] for name in FilledPart.__slots__)) for row in rows]

    async def accounts(self, conn: Any, projection: str) -> dict[int, Account]:
        """Where a shadow stands, by partition."""
        rows = await conn.fetch(self.sql("accounts"), projection)
        return {row["partition"]: Account(*row.values()) for row in rows}

    async def read_models(self) -> list[ReadModelRun]:
        """The run's read models."""
        return [
            ReadModelRun(
                row["name"],
                row["version"],
                row["replaces"],
                orjson.loads(row["report"]) if row["report"] else None,
                row["swapped_at"] is not None,
            )
            for row in await self.pool.fetch(self.sql("read models"))
        ]

    async def keep_report(self, name: str, report: dict[str, Any]) -> None:
        """Keep what the comparison gave, for who goes on after this process. Raises `RunLost`."""
        told = orjson.dumps(report, default=str).decode()
        async with self.holding() as conn:
            await conn.execute(self.sql("keep report"), name, told)

    async def park(self, conn: Connection, parked: Sequence[Parked], code: str) -> None:
        """Keep events that wait, in the order of the log."""
        if not parked:
            return
        rows = [(*p.values(), code) for p in parked]
        await conn.execute(self.sql("park"), self.group, *columns(rows))

    async def parked(self) -> dict[str, set[Conversation]]:
        """Projection → conversations whose events wait."""
        found: dict[str, set[Conversation]] = {}
        for row in await self.pool.fetch(self.sql("parked conversations")):
            found.setdefault(row["projection"], set()).add(
                (row["company_id"], row["conversation_id"])
            )
        return found

    async def waiting(self, conn: Connection, projection: str, at_most: int) -> list[Waiting]:
        """The first events that wait; refused ones before their followers."""
        rows = await conn.fetch(self.sql("parked events"), projection, FOLLOWER, at_most)
        return [Waiting(**row) for row in rows]

    async def drop(self, waits_for: WaitsFor) -> None:
        """Drop the schema and all that is in it. Raises `RunLost`: it was not ours to drop.

        What an unfinished undo took goes back to where it was kept. Whoever holds its tables is waited
        for, or ended where it is frozen.
        """
        await drop_when_free(self.pool, self.holding, self.schema, waits_for)

    async def drop_now(self) -> None:
        """The same, without waiting for long.

        Raises:
            RunLost: it was not ours to drop.
            asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError: somebody holds its tables.
        """
        await drop_now(self.holding, self.schema)

    def shadow(self, projection: Projection) -> Shadow:
        """The projection, writing into this schema."""
        return Shadow(projection, self.schema)


async def begin_or_resume(
    pool: asyncpg.Pool,
    plan: Plan,
    operator: Operator,
    *,
    group: str,
    stale_s: float,
    waits_for: WaitsFor,
) -> tuple[Scratch, bool]:
    """The plan's run: a new one, or the one that never ended (then True).

    Of one that other code has begun, all is dropped first.

    Raises:
        SomebodyIsAtIt, UnfinishedRun: nothing was changed.
        CannotRebuild: a read model is not installed.
    """
    async with pool.acquire() as conn:
        for _ in range(_LOOKS):
            # Somebody may be quicker by an instant: then the next look says who it is.
            with suppress(RunLost):
                return await _begun_or_resumed(
                    pool, conn, plan, operator, group, stale_s, waits_for
                )
        raise RunLost


async def _begun_or_resumed(
    pool: asyncpg.Pool,
    conn: Connection,
    plan: Plan,
    operator: Operator,
    group: str,
    stale_s: float,
    waits_for: WaitsFor,
) -> tuple[Scratch, bool]:
    schema = plan.schema
    found = await _found(conn, schema)
    if found is not None:
        _refuse_if_alive(found, operator, stale_s)
        if found["title"] != plan.title:
            raise UnfinishedRun(who=found["who"], title=found["title"], since=found["started_at"])
        taken = Scratch(pool, schema, await _take_over(conn, schema, found, operator), group)
        if found["code"] == plan.code:
            return taken, True
        await taken.drop(waits_for)
    return Scratch(pool, schema, await _begin(conn, plan, operator), group), False


async def abandon(
    pool: asyncpg.Pool, schema: str, operator: Operator, *, stale_s: float, waits_for: WaitsFor
) -> str | None:
    """Drop a run that never ended; what it was, or None where there is none.

    Raises:
        SomebodyIsAtIt: its process lives.
    """
    async with pool.acquire() as conn:
        found = await _found(conn, schema)
        if found is None:
            return None
        _refuse_if_alive(found, operator, stale_s)
        token = await _take_over(conn, schema, found, operator)
    await Scratch(pool, schema, token, "").drop(waits_for)
    return str(found["title"])


async def unfinished(conn: Any, schema: str) -> str | None:
    """The title of a run that stands in the schema, whoever is at it; None without one."""
    found = await _found(conn, schema)
    return None if found is None else str(found["title"])


async def _found(conn: Connection, schema: str) -> asyncpg.Record | None:
    if not await conn.fetchval(_SQL["exists"], schema):
        return None
    try:
        return await conn.fetchrow(filled(_SQL["run"], scratch=schema))
    except _GONE:
        return None  # its end came in between


def _refuse_if_alive(found: asyncpg.Record, operator: Operator, stale_s: float) -> None:
    here = found["host"] == operator.host
    dead = here and found["pid"] != operator.pid and not _lives(found["pid"])
    if found["silent_s"] < stale_s and not dead:
        raise _at_it(found)


def _at_it(found: asyncpg.Record) -> SomebodyIsAtIt:
    return SomebodyIsAtIt(
        who=found["who"], title=found["title"], since=found["started_at"], phase=found["phase"]
    )


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _take_over(
    conn: Connection, schema: str, found: asyncpg.Record, operator: Operator
) -> UUID:
    try:
        async with conn.transaction():
            await conn.execute(_SQL["bound waiting"], _WAIT_FOR_FROZEN)
            token: UUID | None = await conn.fetchval(
                filled(_SQL["take over"], scratch=schema),
                *(found["token"], uuid4(), operator.who, operator.host, operator.pid),
            )
    except (*_GONE, asyncpg.DeadlockDetectedError):
        # It came to its end, or was at it: it dropped its tables while its row was waited for.
        raise RunLost from None
    except asyncpg.LockNotAvailableError:
        raise _at_it(found) from None
    if token is None:
        raise RunLost
    return token


async def _begin(conn: Connection, plan: Plan, operator: Operator) -> UUID:
    token, names = uuid4(), [p.name for p in plan.projections]

    def sql(name: str) -> str:
        return filled(_SQL[name], scratch=plan.schema)

    async with conn.transaction():
        await conn.execute(_SQL["hold the lock of migrations"])
        installed = await _installed(conn, plan.projections)
        try:
            await conn.execute(sql("create"))
        except asyncpg.DuplicateSchemaError:
            raise RunLost from None
        await conn.execute(
            sql("begin"),
            *(token, plan.kind, plan.title, plan.code),
            *(operator.who, operator.host, operator.pid),
        )
        for projection in plan.projections:
            await conn.execute(
                sql("add read model"),
                projection.name,
                projection.version,
                installed[projection.name],
            )
            for table in Shadow(projection, plan.schema).tables:
                await conn.execute(
                    table_statement(Shadow(projection, plan.schema), table, "create")
                )
        await conn.execute(sql("add partitions"), names)
        await conn.execute(sql("add accounts"), names)
    return token


async def _installed(conn: Connection, projections: Iterable[Projection]) -> dict[str, int]:
    rows = await conn.fetch(_SQL["installed"])
    installed = {row["name"]: row["version"] for row in rows}
    for projection in projections:
        if projection.name not in installed:
            raise CannotRebuild(f"{projection.name} is not installed: run `agent-runtime migrate`")
    return installed
