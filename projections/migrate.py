"""Brings a database up to date: the engine's migrations, then the read models' tables.

MigrationError
├── MigrationChanged   an applied file is no longer what it was; `.migration`
└── DatabaseIsNewer    the database has migrations that this build does not know
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import asyncpg

from events.errors import PartitionsDisagree
from projections.declared_columns import Columns, declared_columns
from projections.fingerprints import fingerprint
from projections.group import Basis
from projections.projection import Projection, Table
from projections.registry import ALL, group_of, is_built_from_log
from projections.statements import for_table, statements

Database = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
"""A connection of its own, or one of a pool."""

_SQL = statements("projections", "migrate.sql")
PLATFORM = "core"
"""The schema that the platform owns."""
_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """Base of what a migration refuses."""


class MigrationChanged(MigrationError):
    """An applied migration's file has another hash: restore the file, write a new one instead."""

    def __init__(self, migration: str) -> None:
        super().__init__(
            f"migration {migration} was changed after it was applied: restore the file, "
            "and put the change into a new migration"
        )
        self.migration = migration


class DatabaseIsNewer(MigrationError):
    """The database was migrated by a newer build."""

    def __init__(self, migrations: list[str]) -> None:
        super().__init__(f"the database has migrations this build lacks: {', '.join(migrations)}")
        self.migrations = migrations


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `projections/migrations`."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of the file, line endings normalised."""
        return hashlib.sha256(self.sql.replace("\r\n", "\n").encode()).hexdigest()

    @property
    def title(self) -> str:
        """As the file is called."""
        return f"{self.version:04}_{self.name}"


def known_migrations() -> list[Migration]:
    """This build's migrations, in order."""
    found = []
    for file in files("projections.migrations").iterdir():
        if (match := _FILE.fullmatch(file.name)) is not None:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


async def migrate(conn: Database, *, partitions: int, stream_prefix: str) -> list[str]:
    """Apply what is missing, in one transaction; returns what was done, [] when nothing was.

    Raises:
        MigrationChanged, DatabaseIsNewer: nothing was applied.
        PartitionsDisagree: another number of partitions or stream prefix is recorded.
    """
    done: list[str] = []
    async with conn.transaction():
        await conn.execute(_SQL["hold the lock"])
        await conn.execute(_SQL["create table of migrations"])
        for migration in await _pending(conn):
            await conn.execute(migration.sql)
            await conn.execute(
                _SQL["remember"], migration.version, migration.name, migration.sha256
            )
            done.append(migration.title)
        await _record_topology(conn, partitions, stream_prefix)
        installed = {row["name"] for row in await conn.fetch(_SQL["installed"])}
        for projection in ALL:
            if projection.name not in installed:
                await install(conn, projection, partitions)
                done.append(f"read model {projection.name} v{projection.version}")
    return done


async def install(conn: Database, projection: Projection, partitions: int) -> None:
    """Create a projection's tables and view, empty.

    One of the log's group is fed from the log's beginning; another begins where its group stands.
    """
    for table in projection.tables:
        for verb in ("create", "view"):
            await conn.execute(table_statement(projection, table, verb))
    group = group_of(projection)
    await conn.execute(
        _SQL["install"], projection.name, projection.version, fingerprint(projection), group.name
    )
    await conn.execute(
        _SQL["install checkpoints"],
        projection.name,
        projection.version,
        partitions,
        None if group.basis is Basis.LOG else group.name,
    )


def physical_name(table: Table, version: int) -> str:
    """The versioned table behind the public view: `conversations` → `conversations_v1`."""
    return f"{table.name}_v{version}"


def table_statement(projection: Projection, table: Table, verb: str) -> str:
    """A table's statement (`create`, `load`, `store`, `delete`, `view`) with its name filled in.

    `add` is `store` for rows that are new: one that stands is refused.
    """
    return _statement(
        projection.name, verb, table.name, table.schema, physical_name(table, projection.version)
    )


@cache
def _statement(projection: str, verb: str, name: str, schema: str, table: str) -> str:
    sql = statements("projections", f"{projection}.sql")
    if verb == "add":
        text = sql[f"store {name}"].partition("\nON CONFLICT")[0]
    else:
        text = sql[f"{verb} {name}"]
    return for_table(text, schema=schema, table=table)


async def check(conn: Database, *, platform: bool = True) -> list[str]:
    """What keeps this build from working on this database; [] when nothing does. Changes nothing.

    A read model that stands in another version does not: it is not fed and stays readable, which
    `projections.drift` tells of.

    Without `platform` the platform's own tables are left out: no consumer needs them, and no
    migration mends them.
    """
    if not await conn.fetchval(_SQL["is migrated"]):
        return [f"migration {m.title} is not applied" for m in known_migrations()]
    try:
        pending = await _pending(conn)
    except MigrationError as error:
        return [str(error)]
    if pending:
        return [f"migration {m.title} is not applied" for m in pending]
    declared = declared_columns(migration.sql for migration in known_migrations())
    schemas = {s for s, _ in declared} | {t.schema for p in ALL for t in p.tables}
    stand: Columns = {}
    for row in await conn.fetch(_SQL["columns"], list(schemas)):
        stand.setdefault((row["table_schema"], row["table_name"]), set()).add(row["column_name"])
    return [
        *_check_declared(declared, stand, platform=platform),
        *await _check_projections(conn, stand),
    ]


def _check_declared(declared: Columns, stand: Columns, *, platform: bool) -> list[str]:
    """Columns that the migrations declare and that are not there: a platform's table may differ."""
    problems = []
    for (schema, table), columns in sorted(declared.items()):
        if schema == PLATFORM and not platform:
            continue
        if (schema, table) not in stand:
            problems.append(f"{schema}.{table} is not there, or may not be read")
            continue
        missing = sorted(columns - stand[schema, table])
        problems.extend(f"{schema}.{table} lacks column {column}" for column in missing)
    return problems


async def _pending(conn: Database) -> list[Migration]:
    applied = {row["version"]: row for row in await conn.fetch(_SQL["applied"])}
    known = {migration.version: migration for migration in known_migrations()}
    if newer := [f"{v:04}_{row['name']}" for v, row in applied.items() if v not in known]:
        raise DatabaseIsNewer(newer)
    for version, row in applied.items():
        if known[version].sha256 != row["sha256"]:
            raise MigrationChanged(known[version].title)
    return [migration for version, migration in known.items() if version not in applied]


async def _record_topology(conn: Database, partitions: int, prefix: str) -> None:
    row = await conn.fetchrow(_SQL["topology"])
    if row is None:
        await conn.execute(_SQL["record topology"], partitions, prefix)
    elif (row["partitions"], row["stream_prefix"]) != (partitions, prefix):
        raise PartitionsDisagree(
            ours=partitions, recorded=row["partitions"], where="Postgres (runtime.topology)"
        )


async def _check_projections(conn: Database, stand: Columns) -> list[str]:
    problems = []
    installed = {row["name"]: row for row in await conn.fetch(_SQL["installed"])}
    for projection in ALL:
        row = installed.get(projection.name)
        if row is None:
            problems.append(f"read model {projection.name} is not installed")
        elif row["version"] != projection.version:
            if not is_built_from_log(projection):
                problems.append(
                    f"{projection.name} stands in version {row['version']}, this build has "
                    f"{projection.version}: run the build that has version {row['version']}"
                )
        else:
            problems.extend(_check_columns(projection, stand))
    return problems


def _check_columns(projection: Projection, stand: Columns) -> list[str]:
    problems: list[str] = []
    for table in projection.tables:
        name = physical_name(table, projection.version)
        missing = set(table.columns) - stand.get((table.schema, name), set())
        problems.extend(
            f"{table.schema}.{name} lacks column {column}" for column in sorted(missing)
        )
    return problems
