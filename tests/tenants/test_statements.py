"""Every statement that touches a tenant's rows says whose: a new one that does not is refused here."""

from __future__ import annotations

import asyncpg
import pytest

from tests.tenants.sql_files import Statement, all_statements

SCHEMAS = ("agent", "core", "projections", "runtime")
OF_THE_ENGINE = "by partition and position, group or request: of the engine, for all tenants alike"
OF_OPERATORS = "an operator's count over all tenants; no tenant's content is in it"
OF_A_REBUILD = "an operator's rebuild or export, over all companies or those that are asked for"
OF_A_BENCH = "a bench's own companies, on servers that hold nothing else"
EXCEPTIONS = {
    "consumers/accounts.sql: newest of the log": OF_THE_ENGINE,
    "consumers/beats.sql: look": OF_THE_ENGINE,
    "consumers/leases.sql: checkpoint": OF_THE_ENGINE,
    "consumers/leases.sql: parked conversations": OF_THE_ENGINE,
    "consumers/parking.sql: due heads": OF_THE_ENGINE,
    "consumers/parking.sql: is request open": OF_THE_ENGINE,
    "consumers/parking.sql: parked events": "bodies of the company's own parked rows, by their place",
    "consumers/parking.sql: tell request": OF_THE_ENGINE,
    "consumers/rebuild/comparing.sql: measure": OF_A_REBUILD,
    "consumers/rebuild/narrowing.sql: touch all of who waits": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: fill from all": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: fill from companies": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: fill several from all": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: follow all": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: follow companies": OF_A_REBUILD,
    "consumers/rebuild/reading.sql: whole": OF_A_REBUILD,
    "consumers/rebuild/swapping.sql: forget parked": OF_A_REBUILD,
    "consumers/rebuild/swapping.sql: forget parked of companies": OF_A_REBUILD,
    "consumers/rebuild/swapping.sql: keep parked": OF_A_REBUILD,
    "consumers/selection.sql: ends": OF_A_REBUILD,
    "consumers/selection.sql: places of an event": OF_A_REBUILD,
    "consumers/batch_writes.sql: logged already": OF_THE_ENGINE,
    "consumers/batch_writes.sql: read the log": OF_THE_ENGINE,
    "runtime/bench/log_filling.sql: count events": OF_A_BENCH,
    "runtime/bench/log_filling.sql: move checkpoints": OF_A_BENCH,
    "runtime/bench/ways.sql: dump log": OF_A_BENCH,
    "runtime/bench/ways.sql: dump messages": OF_A_BENCH,
    "runtime/bench/ways.sql: logged": OF_A_BENCH,
    "runtime/companies/rotation.sql: bindings": "a new key is for the secrets of all companies",
    "runtime/companies/rotation.sql: centurions": "a new key is for the secrets of all companies",
    "runtime/demo/tables.sql: companies": "the demo shows all of its own companies",
    "runtime/demo/tables.sql: gaps": "the demo shows all of its own companies",
    "runtime/demo/tables.sql: handoffs": "the demo shows all of its own companies",
    "runtime/demo/tables.sql: transcript": "one conversation, of whichever of the demo's companies",
    "runtime/demo/tables.sql: usage": "the demo shows all of its own companies",
    "runtime/exporting/log.sql: at places": OF_A_REBUILD,
    "runtime/outbox/outbox.sql: next": OF_THE_ENGINE,
    "runtime/outbox/outbox.sql: sent": OF_THE_ENGINE,
    "runtime/queries/conservation.sql: log": OF_OPERATORS,
    "runtime/queries/conservation.sql: log by type": OF_OPERATORS,
    "runtime/queries/conservation.sql: not read": OF_OPERATORS,
    "runtime/queries/conservation.sql: projections": OF_OPERATORS,
    "runtime/queries/conversations.sql: companies": "asks which companies have a conversation",
    "runtime/queries/events.sql: places at": OF_THE_ENGINE,
    "runtime/queries/groups.sql: footprint": OF_OPERATORS,
    "runtime/queries/groups.sql: forget": OF_THE_ENGINE,
    "runtime/queries/groups.sql: standings": OF_OPERATORS,
    "runtime/queries/parked.sql: events": "bodies of the company's own parked rows, by their place",
    "runtime/queries/parked.sql: outcomes": OF_THE_ENGINE,
    "runtime/queries/parked.sql: progress": OF_THE_ENGINE,
    "runtime/queries/parked.sql: unowned": OF_THE_ENGINE,
    "runtime/standing.sql: unanswered": OF_OPERATORS,
    "runtime/turns/claims.sql: renew": "a worker's own claims of all companies, each by its fence",
    "runtime/turns/claims.sql: who waits": "a worker asks for whom there is work",
    "runtime/turns/reports.sql: conversations with reports": "a worker asks for whom there is work",
}
"""Statement → why it needs no company."""
FUNCTIONS = {
    "agent.claim_turns",
    "agent.complete_turn",
    "agent.hold_turn",
    "agent.record_turn",
    "runtime.tell",
}
WITHOUT_COMPANY = {
    "agent.budget_accounts": "of a credential set, which companies may share",
    "agent.budget_reservations": "of a credential set, which companies may share",
    "agent.seen_events": "ids of events alone",
    "core.integration_credential_sets": "the platform's own, which bindings lead to",
    "runtime.audit_log": "what operators did",
    "runtime.checkpoints": "of a stream",
    "runtime.dead_letters": "raw entries that may belong to nobody",
    "runtime.event_counts": "counts by type",
    "runtime.losses": "of a stream",
    "runtime.members": "of a group",
    "runtime.migrations": "of the database",
    "runtime.partition_leases": "of a group",
    "runtime.partition_owners": "of a group",
    "runtime.projection_checkpoints": "of a stream",
    "runtime.projections": "of a group",
    "runtime.seen_events": "ids of events alone",
    "runtime.stream_generations": "of a stream",
    "runtime.topology": "of the database",
}
"""Table or view → why no column of it names a company."""


async def tables(database_url: str) -> dict[str, bool]:
    """Every table and view of our schemas, and whether it names companies."""
    conn = await asyncpg.connect(database_url)
    try:
        rows = await conn.fetch(
            "SELECT table_schema || '.' || table_name AS name,"
            "       bool_or(column_name = 'company_id') AS of_companies"
            "  FROM information_schema.columns WHERE table_schema = ANY($1) GROUP BY 1",
            SCHEMAS,
        )
    finally:
        await conn.close()
    return {row["name"]: row["of_companies"] for row in rows}


async def test_every_statement_on_tenants_rows_says_whose(database_url: str) -> None:
    found = await tables(database_url)
    of_tenants = frozenset(name for name, is_of in found.items() if is_of)
    of_tenants |= {"{table}", "core.companies"}
    unbound = {
        one.place for one in all_statements() if not one.is_definition and one.unbound(of_tenants)
    }
    assert unbound == set(EXCEPTIONS)


async def test_every_statement_in_a_function_says_whose(database_url: str) -> None:
    found = await tables(database_url)
    of_tenants = frozenset(name for name, is_of in found.items() if is_of)
    inside = await statements_in_functions(database_url)
    assert {one.file for one in inside if one.tables() & of_tenants} == FUNCTIONS
    assert [one.place for one in inside if one.unbound(of_tenants)] == []


async def statements_in_functions(database_url: str) -> list[Statement]:
    """What stands between the semicolons of our functions."""
    conn = await asyncpg.connect(database_url)
    try:
        rows = await conn.fetch(
            "SELECT n.nspname || '.' || p.proname AS name, p.prosrc AS text FROM pg_proc AS p"
            "  JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = ANY($1)",
            SCHEMAS,
        )
    finally:
        await conn.close()
    return [
        Statement(row["name"], str(number), "", sql.strip())
        for row in rows
        for number, sql in enumerate(row["text"].split(";"))
    ]


async def test_every_table_names_its_company_or_says_why_not(database_url: str) -> None:
    found = await tables(database_url)
    assert {name for name, is_of in found.items() if not is_of} == {
        *WITHOUT_COMPANY,
        "core.companies",
    }


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT text FROM agent.facts WHERE conversation_id = $1",
        "UPDATE agent.turns SET state = 'done' WHERE turn_id = $1",
        (
            "SELECT EXISTS (SELECT FROM agent.facts AS f WHERE f.name = $2)"
            "  FROM agent.turns AS t WHERE t.company_id = $1"
        ),
        "SELECT t.company_id FROM agent.turns AS t JOIN agent.facts AS f USING (conversation_id)",
        (
            "INSERT INTO agent.facts (company_id, name) VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        ),
        (
            "DELETE FROM agent.facts AS f USING agent.turns AS t"
            " WHERE t.turn_id = f.event_id AND t.company_id = $1"
        ),
    ],
)
def test_a_statement_that_does_not_say_whose_is_found(sql: str) -> None:
    of_tenants = frozenset({"agent.facts", "agent.turns"})
    assert Statement("some.sql", "one", "", sql).unbound(of_tenants)
