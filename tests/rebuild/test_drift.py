"""Rows that somebody changed behind the engine's back are named, exactly those, and mended."""

from __future__ import annotations

import asyncpg
import orjson
import pytest

from consumers.rebuild.plan import Kind
from consumers.rebuild.report import Report
from tests.rebuild.ground import NAMES, Watched, consumed, mixed, rebuilt, rows_of

DRIFTED = {
    # table → how a row is changed, by a column beyond its key
    "conversations": "received_count = received_count + 1",
    "messages": "text = 'forged'",
    "message_statuses": "status = 'failed'",
    "leads": "stage = 'lost'",
    "handoffs": "reason = 'forged'",
    "rag_queries": "query = 'forged'",
    "followups": "attempt = attempt + 1",
    "openai_usage": "calls = calls + 1",
    "company_activity": "inbound = inbound + 1",
    "daily_counts": "count = count + 1",
}
KEYS = {
    "conversations": 2,
    "messages": 3,
    "message_statuses": 3,
    "leads": 3,
    "handoffs": 3,
    "rag_queries": 3,
    "followups": 3,
    "openai_usage": 5,
    "company_activity": 3,
    "daily_counts": 4,
}


async def drift(database_url: str) -> dict[str, dict[str, list[str]]]:
    """Change, remove and add a row in every table; the keys by table and what was done."""
    conn = await asyncpg.connect(database_url)
    done: dict[str, dict[str, list[str]]] = {}
    for table, change in DRIFTED.items():
        name = f"projections.{table}_v1"
        columns = [
            row["column_name"]
            for row in await conn.fetch(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema || '.' || table_name = $1 ORDER BY ordinal_position",
                name,
            )
        ]
        key = ", ".join(columns[: KEYS[table]])
        rows = await conn.fetch(f"SELECT ctid, jsonb_build_array({key})::text AS key FROM {name}")
        assert len(rows) >= 2, table
        first, last = rows[0], rows[-1]
        await conn.execute(f"UPDATE {name} SET {change} WHERE ctid = $1", first["ctid"])
        added = ", ".join(
            "company_id || ' (forged)'" if column == "company_id" else column for column in columns
        )
        forged = await conn.fetchval(
            f"INSERT INTO {name} SELECT {added} FROM {name} WHERE ctid = $1"
            f" RETURNING jsonb_build_array({key})::text",
            last["ctid"],
        )
        await conn.execute(f"DELETE FROM {name} WHERE ctid = $1", last["ctid"])
        done[table] = {"changed": [first["key"]], "removed": [forged], "added": [last["key"]]}
    await conn.close()
    return done


def told(reports: list[Report]) -> dict[str, dict[str, list[str]]]:
    """What reports say differs: keys by table and kind, from their samples."""
    found: dict[str, dict[str, list[str]]] = {}
    for report in reports:
        for table in report.tables:
            kinds: dict[str, list[str]] = {"changed": [], "removed": [], "added": []}
            for one in table.sample:
                kinds[one.kind].append(orjson.dumps(one.key).decode())
            found[table.table] = kinds
    return found


def plain(keys: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    return {
        table: {
            kind: [orjson.dumps(orjson.loads(key)).decode() for key in some]
            for kind, some in kinds.items()
        }
        for table, kinds in keys.items()
    }


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(1500))
    return database_url


async def test_rows_changed_removed_or_added_by_hand_are_named_and_mended(filled: str) -> None:
    before = await rows_of(filled)
    done = await drift(filled)
    watched = Watched()
    reports = await rebuilt(filled, kind=Kind.CHECK, observer=watched, full=True)
    assert told(reports) == plain(done)
    assert len(watched.differences) == 3 * len(DRIFTED)
    drifted = await rows_of(filled)
    assert drifted != before, "a check mends nothing"
    assert told(await rebuilt(filled)) == plain(done)
    assert await rows_of(filled) == before
    assert all(report.equal for report in await rebuilt(filled, kind=Kind.CHECK))


async def test_what_a_difference_shows_are_both_rows(filled: str) -> None:
    await drift(filled)
    reports = await rebuilt(filled, kind=Kind.CHECK)
    assert [report.projection for report in reports] == list(NAMES)
    for table in (table for report in reports for table in report.tables):
        (changed,) = [one for one in table.sample if one.kind == "changed"]
        assert changed.columns() == [DRIFTED[table.table].split()[0]]
        assert [bool(one.old) for one in table.sample if one.kind == "added"] == [False]
        assert [bool(one.new) for one in table.sample if one.kind == "removed"] == [False]
        assert (table.only_old, table.only_new, table.changed) == (1, 1, 1)


EXCHANGES = {
    # What two rows give each other; the sum over all rows of any one column stays the same.
    "conversations": "received_count",
    "leads": "facts",
}


@pytest.mark.parametrize("table", EXCHANGES)
async def test_a_value_that_two_rows_exchanged_is_found(filled: str, table: str) -> None:
    name, column = f"projections.{table}_v1", EXCHANGES[table]
    conn = await asyncpg.connect(filled)
    swapped = await conn.execute(
        f"WITH a AS (SELECT ctid AS place, {column} AS had FROM {name}"
        f"            ORDER BY {column}::text LIMIT 1),"
        f"     b AS (SELECT ctid AS place, {column} AS had FROM {name}"
        f"            ORDER BY {column}::text DESC LIMIT 1)"
        f" UPDATE {name} AS t SET {column} = CASE WHEN t.ctid = a.place THEN b.had ELSE a.had END"
        f"   FROM a, b WHERE t.ctid IN (a.place, b.place) AND a.had <> b.had"
    )
    assert swapped == "UPDATE 2"
    await conn.close()
    (report,) = await rebuilt(filled, table, kind=Kind.CHECK)
    assert [(one.table, one.changed) for one in report.tables] == [(table, 2)]


async def test_an_equal_number_written_otherwise_is_found(filled: str) -> None:
    conn = await asyncpg.connect(filled)
    name = "projections.openai_usage_v1"
    done = await conn.execute(
        f"UPDATE {name} SET cost = (cost::text || '0')::numeric"
        f" WHERE ctid = (SELECT ctid FROM {name} WHERE cost::text LIKE '%.%' LIMIT 1)"
    )
    assert done == "UPDATE 1"
    await conn.close()
    (report,) = await rebuilt(filled, "openai_usage", kind=Kind.CHECK)
    assert [(one.table, one.changed) for one in report.tables] == [("openai_usage", 1)]
