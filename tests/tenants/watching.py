"""Looks everywhere for words of one tenant in what is the other's."""

from __future__ import annotations

import asyncpg
import orjson
from standardwebhooks import Webhook

from tests.tenants.house import House
from tests.tenants.tenants import TENANTS, Tenant, strays

_TABLES = """
SELECT table_schema AS schema, table_name AS name, column_name AS company
  FROM information_schema.columns
 WHERE table_schema IN ('agent', 'core', 'projections', 'runtime')
   AND (column_name = 'company_id'
        OR (table_schema, table_name, column_name) = ('core', 'companies', 'id'))
"""


async def strayed(house: House) -> list[str]:
    """Everything of a tenant's that shows the other's words, and where; [] when all is well."""
    async with house.pool.acquire() as conn:
        rows = await _in_tables(conn)
    return [*rows, *_in_prompts(house), *_in_replies(house)]


async def owners_of_rows(pool: asyncpg.Pool) -> dict[str, set[str]]:
    """Table or view → whose rows it has."""
    async with pool.acquire() as conn:
        return {
            f"{table['schema']}.{table['name']}": {
                row["company"] for row in await _rows(conn, table)
            }
            for table in await conn.fetch(_TABLES)
        }


async def rows_of(conn: asyncpg.Connection, tenant: Tenant) -> list[str]:
    """All rows of a tenant, of all tables, as text."""
    found = [
        f"{table['name']}: {row['row']}"
        for table in await conn.fetch(_TABLES)
        for row in await _rows(conn, table)
        if row["company"] == tenant.id
    ]
    return sorted(found)


async def _in_tables(conn: asyncpg.pool.PoolConnectionProxy) -> list[str]:
    found = []
    for table in await conn.fetch(_TABLES):
        for row in await _rows(conn, table):
            for tenant in TENANTS:
                if row["company"] == tenant.id and strays(row["row"], tenant):
                    found.append(f"{table['schema']}.{table['name']}: {row['row']}")
    return found


async def _rows(
    conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, table: asyncpg.Record
) -> list[asyncpg.Record]:
    # The names come from the catalogue of the test's own database.
    sql = 'SELECT {company}::text AS company, t::text AS "row" FROM {schema}.{name} AS t'
    return await conn.fetch(sql.format(**dict(table)))


def _in_prompts(house: House) -> list[str]:
    return [
        f"prompt {call.number}"
        for call in house.models.calls
        for tenant in TENANTS
        if call.key == tenant.api_key
        and (strays(f"{call.prompt}{call.headers}", tenant) or tenant.canary not in call.prompt)
    ]


def _in_replies(house: House) -> list[str]:
    found = []
    for one in house.channel.record.received:
        [whose] = [tenant for tenant in TENANTS if tenant.id == one.data["company_id"]]
        Webhook(whose.signing_secret).verify(one.body, one.headers)
        if one.path != whose.hook or strays(one.body, whose):
            found.append(f"reply {one.number}: {one.path} {orjson.dumps(one.data).decode()}")
    return found
