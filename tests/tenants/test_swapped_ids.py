"""Every statement that names a company, asked with one company's id and all of the other's ids.

Nothing of the other's comes back, and nothing of the other's changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from tests.tenants.deeds import everything
from tests.tenants.house import house
from tests.tenants.sql_files import Statement, all_statements
from tests.tenants.tenants import ACME, ZETA, strays
from tests.tenants.watching import rows_of

_PARAMETER = re.compile(r"\$(\d+),? (?:once each: )?([a-z_]+)")
CONVERSATION = "all-0"
PLAIN: dict[str, Any] = {
    "text": "x",
    "varchar": "x",
    "bool": True,
    "int2": 1,
    "int4": 1,
    "int8": 2**40,
    "float8": 1.0,
    "numeric": Decimal(1),
    "jsonb": "{}",
    "json": "{}",
    "bytea": b"x",
    "timestamptz": datetime(2026, 11, 2, tzinfo=UTC),
    "date": datetime(2026, 11, 2, tzinfo=UTC).date(),
    "uuid": UUID(int=1),
}
"""A value of each type, for what names nobody."""


def swappable() -> list[Statement]:
    """Statements of whole tables' names whose parameters name a company."""
    return [
        one
        for one in all_statements()
        if not one.is_definition
        and "{table}" not in one.sql
        and any(name.startswith("company_id") for _, name in _PARAMETER.findall(one.header))
    ]


async def _ids_of_zeta(conn: asyncpg.Connection) -> dict[str, Any]:
    [turn] = await conn.fetch(
        "SELECT turn_id, fence, worker, covers FROM agent.turns"
        " WHERE company_id = $1 AND conversation_id = $2 AND outcome = 'replied' LIMIT 1",
        ZETA.id,
        CONVERSATION,
    )
    message_id = await conn.fetchval(
        "SELECT message_id FROM agent.outbound WHERE turn_id = $1", turn["turn_id"]
    )
    return {
        "turn_id": turn["turn_id"],
        "fence": turn["fence"],
        "worker": turn["worker"],
        "event_id": turn["covers"][0],
        "message_id": message_id,
        "conversation_id": CONVERSATION,
        "provider": "openai",
        "mode": "global",
        "status": "active",
        "name": "email",
        "lead_id": "lead-1",
        "document_id": "prices",
        "id": "cora",
        "state": "sent",
        "kind": "retry_parked",
        "standing": "open",
        "scoring": "{}",
        "value": "{}",
        "contact": "{}",
        "lock": "1s",
        "statement": "1s",
        "idle": "1s",
    }


def _parameters(one: Statement, types: list[asyncpg.Type], ids: dict[str, Any]) -> list[Any]:
    names = {int(number): name for number, name in _PARAMETER.findall(one.header)}
    values = []
    for number, type_ in enumerate(types, start=1):
        name = names.get(number, "")
        base = type_.name.removesuffix("[]")
        value = ACME.id if name.startswith("company_id") else PLAIN[base]
        known = ids.get(name, ids.get(name.removesuffix("s")))
        if known is not None and isinstance(known, type(PLAIN[base])):
            value = known
        values.append([value] if type_.kind == "array" else value)
    return values


@dataclass
class Reach:
    """Which statements came upon the other's rows, and which Postgres refused."""

    asked: int = 0
    beyond: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


async def reach(conn: asyncpg.Connection, asked: list[Statement]) -> Reach:
    """Ask each, and take back what it did."""
    ids, before, found = await _ids_of_zeta(conn), await rows_of(conn, ZETA), Reach()
    for one in asked:
        transaction = conn.transaction()
        await transaction.start()
        try:
            prepared = await conn.prepare(one.sql)
            given = _parameters(one, list(prepared.get_parameters()), ids)
            rows = await prepared.fetch(*given)
            if any(strays(repr(row), ACME) for row in rows) or await rows_of(conn, ZETA) != before:
                found.beyond.append(one.place)
            found.asked += 1
        except asyncpg.PostgresError as error:
            found.refused[one.place] = type(error).__name__
        finally:
            await transaction.rollback()
    return found


MADE_BY_A_REBUILD = "PostgresSyntaxError"
"""Its tables are a rebuild's own: their names are filled in when it makes them."""
REFUSED = {
    "consumers/rebuild/narrowing.sql: touch": MADE_BY_A_REBUILD,
    "consumers/rebuild/scratch.sql: move partition": MADE_BY_A_REBUILD,
    "consumers/rebuild/scratch.sql: park": MADE_BY_A_REBUILD,
    "consumers/batch_writes.sql: append to the log": "InvalidTextRepresentationError",
    "runtime/bench/ways.sql: log many": "InvalidTextRepresentationError",
    "runtime/companies/apply.sql: insert binding": "UniqueViolationError",
    "runtime/companies/apply.sql: insert centurion": "UniqueViolationError",
}
"""What stands already, the company's own or the other's, cannot be taken again."""
CARELESS = [
    Statement(
        "careless.sql",
        "read",
        "-- $1 company_id text, $2 message_id uuid",
        "SELECT text FROM agent.outbound WHERE message_id = $2 AND $1::text IS NOT NULL",
    ),
    Statement(
        "careless.sql",
        "write",
        "-- $1 company_id text, $2 turn_id uuid",
        "UPDATE agent.turns SET reason = $1::text WHERE turn_id = $2",
    ),
]


async def test_no_statement_reaches_beyond_the_company_it_names(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with house(database_url, redis_url, tmp_path) as here:
        await everything(here)
    conn = await asyncpg.connect(database_url)
    try:
        found = await reach(conn, swappable())
        careless = await reach(conn, CARELESS)
    finally:
        await conn.close()
    assert found.beyond == []
    assert found.refused == REFUSED
    assert found.asked >= 45
    assert careless.beyond == ["careless.sql: read", "careless.sql: write"]
