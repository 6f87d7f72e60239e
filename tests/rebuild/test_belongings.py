"""What others gave a read model's tables and views is there after a replay; what cannot be, is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from consumers.rebuild.belongings import hand_on
from consumers.rebuild.errors import CannotRebuild
from consumers.rebuild.plan import Kind
from projections.migrate import migrate
from tests.rebuild.dumps import dump_of
from tests.rebuild.ground import (
    NAMES,
    SETTINGS,
    Watched,
    consumed,
    mixed,
    rebuilt,
    rows_of,
    schemas,
)

ROLES = {"of_a_dashboard": "", "of_an_analyst": "", "plain": "LOGIN NOSUPERUSER NOINHERIT"}
GIVEN = """
    GRANT USAGE ON SCHEMA projections TO of_a_dashboard, of_an_analyst;
    GRANT SELECT ON projections.leads TO of_a_dashboard;
    GRANT SELECT, UPDATE ON projections.leads TO of_an_analyst WITH GRANT OPTION;
    GRANT SELECT (company_id, stage) ON projections.leads_v1 TO of_a_dashboard;
    GRANT SELECT ON projections.leads_v1, projections.daily_counts TO PUBLIC;
    REVOKE ALL ON projections.daily_counts_v1 FROM PUBLIC;
    COMMENT ON TABLE projections.leads_v1 IS 'one row a lead; it''s ours';
    COMMENT ON COLUMN projections.leads_v1.stage IS 'new, contacted, …';
    COMMENT ON VIEW projections.leads IS 'read this one';
    COMMENT ON COLUMN projections.leads.score IS 'between 0 and 1';
    ALTER TABLE projections.leads_v1 SET
        (fillfactor = 55, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_enabled = false);
    ALTER TABLE projections.leads_v1 ALTER COLUMN stage SET STATISTICS 500,
        ALTER COLUMN company_id SET (n_distinct = 40), ALTER COLUMN facts SET STORAGE EXTERNAL,
        ALTER COLUMN summary SET DEFAULT '';
    ALTER TABLE projections.leads_v1 ADD CONSTRAINT score_is_no_percentage CHECK (score <= 1),
        ADD CONSTRAINT one_of_each UNIQUE (lead_id, conversation_id, company_id);
    ALTER VIEW projections.leads SET (security_invoker = true, security_barrier = true);
    ALTER TABLE projections.leads_v1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY all_of_it ON projections.leads_v1 TO agent_runtime USING (true) WITH CHECK (true);
    CREATE POLICY new_ones ON projections.leads_v1 AS RESTRICTIVE FOR SELECT
        TO of_a_dashboard, of_an_analyst USING (stage = 'new');
    CREATE INDEX leads_by_stage ON projections.leads_v1 (stage) WHERE score > 0.5;
    CREATE INDEX "Leads by NAME" ON projections.leads_v1 (lower(lead_id) DESC) INCLUDE (score);
    CREATE UNIQUE INDEX leads_once ON projections.leads_v1 (company_id, conversation_id, lead_id, stage);
    CREATE INDEX ON projections.leads_v1 USING gin (facts);
    ALTER TABLE projections.leads_v1 REPLICA IDENTITY FULL, CLUSTER ON leads_once;
    CREATE SCHEMA reports;
    CREATE VIEW reports.over_view AS SELECT company_id, count(*) AS leads FROM projections.leads GROUP BY 1;
    CREATE VIEW reports.over_table WITH (security_barrier = true) AS
        SELECT l.company_id, l.lead_id AS who, c.count FROM projections.leads_v1 AS l
          JOIN projections.daily_counts_v1 AS c USING (company_id);
    CREATE VIEW projections.over_both AS
        SELECT * FROM reports.over_view JOIN reports.over_table USING (company_id);
    CREATE VIEW reports.transcripts AS SELECT m.text, s.status FROM projections.messages_v1 AS m
        LEFT JOIN projections.message_statuses_v1 AS s ON s.reference = m.message_id;
    CREATE MATERIALIZED VIEW reports.kept AS SELECT * FROM reports.over_view;
    GRANT SELECT ON reports.over_table TO of_a_dashboard;
    COMMENT ON VIEW reports.over_table IS 'theirs';
    CREATE FUNCTION reports.stages() RETURNS SETOF text LANGUAGE sql
        BEGIN ATOMIC SELECT stage FROM projections.leads; END;
"""
IN_THE_WAY = {
    "trigger told_others": "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    " CREATE TRIGGER told_others AFTER INSERT ON projections.leads_v1 EXECUTE FUNCTION f()",
    "foreign key theirs_lead_fkey of theirs": "CREATE TABLE theirs (company text, conversation text, lead text,"
    " CONSTRAINT theirs_lead_fkey FOREIGN KEY (company, conversation, lead)"
    " REFERENCES projections.leads_v1)",
    "publication theirs": "CREATE PUBLICATION theirs FOR TABLE projections.leads_v1",
    "table more_leads, which inherits": "CREATE TABLE more_leads () INHERITS (projections.leads_v1)",
    "table fewer_leads, from which it inherits": "CREATE TABLE fewer_leads (score float8);"
    " ALTER TABLE projections.leads_v1 INHERIT fewer_leads",
    "materialized view theirs": "CREATE MATERIALIZED VIEW theirs AS SELECT * FROM projections.leads_v1",
    "function theirs()": "CREATE FUNCTION theirs() RETURNS bigint LANGUAGE sql"
    " BEGIN ATOMIC SELECT count(*) FROM projections.leads_v1; END",
    "function theirs(projections.leads_v1)": "CREATE FUNCTION theirs(projections.leads_v1) RETURNS text"
    " LANGUAGE sql AS 'SELECT $1.stage'",
    "rule theirs": "CREATE RULE theirs AS ON DELETE TO projections.leads_v1 DO INSTEAD NOTHING",
    "statistics theirs": "CREATE STATISTICS theirs ON company_id, stage FROM projections.leads_v1",
    "columns note, mark": "ALTER TABLE projections.leads_v1 ADD note text, ADD mark integer",
}


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(database_url)
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(400))
    async with connected(database_url) as conn:
        await make_roles(conn)
    return database_url


async def make_roles(conn: asyncpg.Connection) -> None:
    """`plain` may make schemas in this database, and nothing else."""
    for role, rights in ROLES.items():
        if not await conn.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
            await conn.execute(f"CREATE ROLE {role} {rights}")
    database = await conn.fetchval("SELECT quote_ident(current_database())")
    await conn.execute(f"GRANT CREATE ON DATABASE {database} TO plain")


async def test_a_table_that_has_all_of_it_is_not_locked(database_url: str) -> None:
    """Else it would wait for whoever vacuums it, or be refused."""
    async with connected(database_url) as vacuum, connected(database_url) as conn:
        await conn.execute(
            "CREATE SCHEMA shadows;"
            "CREATE TABLE shadows.messages_v1 (LIKE projections.messages_v1 INCLUDING ALL)"
            " WITH (fillfactor = 80, autovacuum_enabled = true)"
        )
        async with vacuum.transaction(), conn.transaction():
            await vacuum.execute("LOCK TABLE shadows.messages_v1 IN SHARE UPDATE EXCLUSIVE MODE")
            await conn.execute("SET LOCAL lock_timeout = '10ms'")
            await hand_on(conn, "projections.messages_v1", to="shadows.messages_v1")
            await conn.execute("ALTER TABLE projections.messages_v1 SET (fillfactor = 60)")
            with pytest.raises(asyncpg.LockNotAvailableError):
                async with conn.transaction():
                    await hand_on(conn, "projections.messages_v1", to="shadows.messages_v1")


async def test_all_that_others_gave_is_there_afterwards(filled: str) -> None:
    async with connected(filled) as conn:
        await conn.execute(GIVEN)
        before, rows = await dump_of(filled, "projections", "reports"), await rows_of(filled)
        assert sum("leads" in block for block in before) > 20
        await rebuilt(filled)
        assert await dump_of(filled, "projections", "reports") == before
        await rebuilt(filled, "leads", kind=Kind.UNDO)
        assert await dump_of(filled, "projections", "reports") == before
        assert await rows_of(filled) == rows
        assert await conn.fetchval("SELECT count(*) FROM projections.over_both") > 0
        await conn.execute("SET ROLE of_a_dashboard")
        assert await conn.fetchval("SELECT count(*) FROM projections.daily_counts") > 0


@pytest.mark.parametrize("late", ["follow", "swap"])
async def test_what_is_given_while_a_replay_goes_on_is_there_afterwards(
    filled: str, late: str
) -> None:
    given: list[str] = []

    async def give() -> None:
        async with connected(filled) as conn:
            await conn.execute(GIVEN)
        given.extend(await dump_of(filled, "projections", "reports"))

    await rebuilt(filled, "leads", observer=Watched(**{late: give}))
    assert sum("leads_v1" in block for block in given) > 15
    assert await dump_of(filled, "projections", "reports") == given


async def test_default_privileges_give_the_new_table_nothing_that_the_old_one_lacks(
    filled: str,
) -> None:
    async with connected(filled) as conn:
        await conn.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO of_an_analyst")
        before = await dump_of(filled, "projections")
        await rebuilt(filled, "leads")
        await conn.execute("ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM of_an_analyst")
        assert await dump_of(filled, "projections") == before


async def test_statistics_are_there_when_readers_come(filled: str) -> None:
    await rebuilt(filled)
    async with connected(filled) as conn:
        without = await conn.fetch(
            "SELECT c.relname FROM pg_class AS c WHERE relnamespace = 'projections'::regnamespace"
            " AND relkind = 'r' AND (reltuples <= 0"
            " OR NOT EXISTS (SELECT FROM pg_statistic WHERE starelid = c.oid))"
        )
    assert without == []


@pytest.mark.parametrize("what", IN_THE_WAY)
async def test_what_cannot_be_handed_on_is_told_before_anything_is_read(
    filled: str, what: str
) -> None:
    async with connected(filled) as conn:
        await conn.execute(IN_THE_WAY[what])
    before = await dump_of(filled)
    watched = Watched()
    with pytest.raises(CannotRebuild) as refused:
        await rebuilt(filled, "leads", observer=watched)
    assert what in str(refused.value)
    assert watched.points == ["begun"]
    assert await dump_of(filled) == before
    assert await schemas(filled) == []


async def test_an_index_that_the_new_rows_break_is_named_and_nothing_is_changed(
    filled: str,
) -> None:
    async with connected(filled) as conn:
        await conn.execute(
            "DELETE FROM projections.leads_v1 AS l WHERE ctid <>"
            " (SELECT min(ctid) FROM projections.leads_v1 AS o WHERE o.company_id = l.company_id)"
        )
        await conn.execute("CREATE UNIQUE INDEX one_a_company ON projections.leads_v1 (company_id)")
    before = await dump_of(filled, "projections")
    with pytest.raises(CannotRebuild, match="one_a_company"):
        await rebuilt(filled, "leads")
    assert await dump_of(filled, "projections") == before
    async with connected(filled) as conn:
        await conn.execute("DROP INDEX projections.one_a_company")
    watched = Watched()
    await rebuilt(filled, "leads", observer=watched, settings=replace(SETTINGS, stale_s=0.0))
    assert watched.resumed == [True]
    assert await schemas(filled) == ["replaced_leads"], "it goes on where it was refused"


async def test_names_of_constraints_and_indexes_stay(filled: str) -> None:
    names = (
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'projections'::regnamespace"
        " UNION ALL SELECT conrelid::regclass || ' ' || conname FROM pg_constraint"
        " WHERE connamespace = 'projections'::regnamespace ORDER BY 1"
    )
    async with connected(filled) as conn:
        before = await conn.fetch(names)
        await rebuilt(filled, keep_old_s=0)
        await rebuilt(filled)
        assert await conn.fetch(names) == before
    assert await schemas(filled) == [f"replaced_{name}" for name in sorted(NAMES)]


async def test_a_role_that_owns_no_more_than_its_schemas_can_do_all_of_it(
    empty_database_url: str, redis_url: str
) -> None:
    async with connected(empty_database_url) as conn:
        await make_roles(conn)
    plain = empty_database_url.replace("agent_runtime@", "plain@")
    async with connected(plain) as conn:
        assert not await conn.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        await migrate(conn, partitions=16, stream_prefix="domain-events")
    await consumed(plain, redis_url, mixed(300))
    rows, before = await rows_of(plain), await dump_of(plain, "projections")
    await rebuilt(plain)
    await rebuilt(plain, "conversations", kind=Kind.UNDO)
    await rebuilt(plain, "conversations", keep_old_s=0)
    assert all(report.equal for report in await rebuilt(plain, kind=Kind.CHECK))
    assert await rows_of(plain) == rows
    assert await dump_of(plain, "projections") == before


async def test_a_table_of_another_role_is_told_before_anything_is_read(filled: str) -> None:
    async with connected(filled) as conn:
        await conn.execute("ALTER TABLE projections.leads_v1 OWNER TO of_an_analyst")
        await conn.execute("GRANT ALL ON SCHEMA runtime, projections TO plain")
        await conn.execute("GRANT ALL ON ALL TABLES IN SCHEMA runtime, projections TO plain")
    with pytest.raises(CannotRebuild, match="of_an_analyst"):
        await rebuilt(filled.replace("agent_runtime@", "plain@"), "leads")
    assert await schemas(filled) == []


async def test_a_statement_time_out_of_the_role_does_not_end_the_work(
    empty_database_url: str, redis_url: str
) -> None:
    async with connected(empty_database_url) as conn:
        await migrate(conn, partitions=16, stream_prefix="domain-events")
    await consumed(empty_database_url, redis_url, mixed(60))
    async with connected(empty_database_url) as conn:
        await conn.execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(1.2); RETURN NULL; END'"
        )
        database = await conn.fetchval("SELECT quote_ident(current_database())")
        await conn.execute(f"ALTER DATABASE {database} SET statement_timeout = '1s'")

    async def slow_down() -> None:
        async with connected(empty_database_url) as conn:
            await conn.execute(
                "CREATE TRIGGER slowly AFTER INSERT ON replay_scratch.leads_v1 EXECUTE FUNCTION slowly()"
            )

    watched = Watched(begun=slow_down)
    reports = await rebuilt(empty_database_url, "leads", observer=watched)
    assert reports[0].equal
    assert watched.points.count("begun") == 1, "no try failed"
