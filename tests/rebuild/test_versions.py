"""A read model of another version is built beside the live one that an older build feeds, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from consumers.rebuild.plan import Kind, RebuildSettings
from consumers.rebuild.undoing import put_back
from projections.registry import by_name
from tests.consumers.members import member, wait_caught_up
from tests.rebuild.dumps import dump_of
from tests.rebuild.ground import consumed, mixed, pool_of, publish, rebuilt, rows_of, schemas
from tests.rebuild.other_build import other_build, wait_until_fed

Changed = Sequence[tuple[str, str, str]]
"""Of which file, what is replaced, by what."""

MORE: Changed = [
    (
        "leads.py",
        "qualified_at: datetime | None\n",
        "qualified_at: datetime | None\n    made_by: int = 2\n",
    ),
    (
        "leads.sql",
        "qualified_at     timestamptz,\n",
        "qualified_at     timestamptz,\n    made_by bigint NOT NULL,\n",
    ),
    ("leads.sql", "t.created_at, t.qualified_at", "t.created_at, t.qualified_at, t.made_by"),
    (
        "leads.sql",
        "summary, created_at, qualified_at\n  FROM",
        "summary, created_at, qualified_at, made_by\n  FROM",
    ),
    ("leads.sql", "$12::timestamptz[])", "$12::timestamptz[], $13::bigint[])"),
    ("leads.sql", "created_at, qualified_at)\nON", "created_at, qualified_at, made_by)\nON"),
]
OTHERS: Changed = [
    ("leads.py", "row.summary", "row.abstract"),
    ("leads.py", "summary: str", "abstract: str"),
    ("leads.sql", "summary", "abstract"),
    ("leads.sql", "score            double precision", "score            real"),
    ("leads.sql", "$5::float8[]", "$5::float4[]"),
]
OTHER_KEY: Changed = [
    ("leads.py", "    lead_id: str\n    stage: str\n", "    stage: str\n    lead_id: str\n"),
    ("leads.py", "Lead, key=3", "Lead, key=2"),
    (
        "leads.py",
        'return {"leads": draft.changed}',
        """return {
            "leads": {
                key[:2]: Lead(*key[:2], "new", "-", 1.0, None, {}, [], None, None, None, None)
                for key in draft.changed
            }
        }""",
    ),
    (
        "leads.py",
        'draft: Draft[Lead] = Draft(state.get("leads"))',
        "draft: Draft[Lead] = Draft({})",
    ),
    (
        "leads.sql",
        "    lead_id          text NOT NULL,\n    stage            text NOT NULL,\n",
        "    stage            text NOT NULL,\n    lead_id          text NOT NULL,\n",
    ),
    ("leads.sql", "t.lead_id, t.stage", "t.stage, t.lead_id"),
    ("leads.sql", "conversation_id, lead_id, stage", "conversation_id, stage, lead_id"),
    ("leads.sql", "(company_id, conversation_id, lead_id)", "(company_id, conversation_id)"),
]
NEW_KEY: Changed = [
    ("leads.py", "    stage: str\n", "    kind: str\n    stage: str\n"),
    ("leads.py", "Lead, key=3", "Lead, key=4"),
    (
        "leads.py",
        "event.conversation_id, payload.lead_id)",
        'event.conversation_id, payload.lead_id, "main")',
    ),
    (
        "leads.sql",
        "    stage            text NOT NULL,\n",
        "    kind text NOT NULL,\n    stage text NOT NULL,\n",
    ),
    ("leads.sql", "t.lead_id, t.stage", "t.lead_id, t.kind, t.stage"),
    ("leads.sql", "conversation_id, lead_id, stage", "conversation_id, lead_id, kind, stage"),
    (
        "leads.sql",
        "(company_id, conversation_id, lead_id)",
        "(company_id, conversation_id, lead_id, kind)",
    ),
    (
        "leads.sql",
        "$4::text[], $5::float8[], $6::float8[], $7::text[],\n    $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[])",
        "$4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[],\n    $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[])",
    ),
]
ONE_MORE_TABLE: Changed = [
    *MORE,
    (
        "leads.py",
        "class Leads:",
        "@dataclass(slots=True)\nclass Mark:\n    company_id: str\n    conversation_id: str\n    position: int\n\n\nclass Leads:",
    ),
    ("leads.py", '"criteria"})),)', '"criteria"})), Table("lead_marks", Mark, key=2))'),
    (
        "leads.py",
        'return {"leads": draft.changed}',
        """at = {(r.event.company_id, r.event.conversation_id): r.position for r in events}
        marks = {key: Mark(*key, position) for key, position in at.items()}
        return {"leads": draft.changed, "lead_marks": marks}""",
    ),
    (
        "leads.sql",
        "-- name: create leads",
        """-- name: create lead_marks
CREATE TABLE {table} (company_id text, conversation_id text, position bigint NOT NULL,
                      PRIMARY KEY (company_id, conversation_id))

-- name: view lead_marks
CREATE OR REPLACE VIEW projections.lead_marks AS SELECT * FROM {table}

-- name: load lead_marks
SELECT * FROM {table} WHERE false

-- name: store lead_marks
INSERT INTO {table} AS t SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (company_id, conversation_id) DO UPDATE SET position = excluded.position

-- name: create leads""",
    ),
]
BUILDS = {
    "one more column": MORE,
    "columns that are called otherwise and of another type": OTHERS,
    "a shorter key": OTHER_KEY,
    "a key with a new column": NEW_KEY,
    "one more table": ONE_MORE_TABLE,
}
QUICKLY = {"a key with a new column"}
"""Of these, what is built each time; the others in the long run."""
COMMON = [
    "company_id",
    "conversation_id",
    "lead_id",
    "stage",
    "score",
    "threshold",
    "facts",
    "criteria",
    "rules_hash",
    "summary",
    "created_at",
    "qualified_at",
]
COMPARED = {
    "one more column": {"leads": COMMON},
    "columns that are called otherwise and of another type": {
        "leads": [name for name in COMMON if name not in ("summary", "score")]
    },
    "a shorter key": {"leads": [*COMMON[:2], "stage", "lead_id", *COMMON[4:]]},
    "a key with a new column": {},
    "one more table": {"leads": COMMON},
}
MANY_VIEWS = "CREATE SCHEMA reports; CREATE VIEW reports.over_view AS SELECT stage, score FROM projections.leads"
STANDS = """
    SELECT p.version, p.state, count(c.*) FROM runtime.projections AS p
      JOIN runtime.projection_checkpoints AS c ON c.projection = p.name AND c.version = p.version
     WHERE name = 'leads' GROUP BY 1, 2 ORDER BY 1
"""


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(400))
    conn = await asyncpg.connect(database_url)
    if not await conn.fetchval("SELECT true FROM pg_roles WHERE rolname = 'of_a_dashboard'"):
        await conn.execute("CREATE ROLE of_a_dashboard")
    await conn.execute(
        "GRANT SELECT ON projections.leads TO of_a_dashboard;"
        "GRANT SELECT (stage, summary) ON projections.leads TO PUBLIC;"
        "COMMENT ON VIEW projections.leads IS 'read this one';"
        "COMMENT ON COLUMN projections.leads.summary IS 'in short';"
        "ALTER VIEW projections.leads SET (security_invoker = true);"
        "GRANT SELECT ON projections.leads_v1 TO of_a_dashboard"
    )
    await conn.close()
    return database_url


@pytest.mark.parametrize(
    "what",
    [w if w in QUICKLY else pytest.param(w, marks=pytest.mark.soak) for w in BUILDS],
)
async def test_a_new_version_takes_its_place_and_gives_it_back(
    filled: str, redis_url: str, tmp_path: Path, what: str
) -> None:
    conn = await asyncpg.connect(filled)
    definitions = await dump_of(filled, "projections")
    async with other_build(tmp_path, filled, redis_url, BUILDS[what]) as newer:
        async with member(filled, redis_url):
            await publish(redis_url, mixed(100, start=400))
            told = await newer("replay")
            assert {table: compared for table, (compared, _) in told.items()} == COMPARED[what]
            await publish(redis_url, mixed(100, start=500))
            await wait_caught_up(filled, redis_url)
        assert [tuple(row) for row in await conn.fetch(STANDS)] == [
            (1, "retired", 16),
            (2, "live", 16),
        ]
        assert await conn.fetchval(
            "SELECT has_table_privilege('of_a_dashboard', 'projections.leads', 'SELECT')"
        )
        assert (
            await conn.fetchval("SELECT obj_description('projections.leads'::regclass)")
            == "read this one"
        )
        assert await conn.fetchval("SELECT count(*) FROM projections.leads_v2") > 0
        await newer("feed")
        checked = await newer("check")
        assert [differing for _, differing in checked.values()] == [0] * len(checked)
        of_two = await rows_of(filled)

        assert await newer("undo") == 1
        assert await dump_of(filled, "projections") == definitions
        assert [tuple(row) for row in await conn.fetch(STANDS)] == [
            (1, "live", 16),
            (2, "retired", 16),
        ]
        async with member(filled, redis_url):
            await wait_until_fed(filled)
        assert all(report.equal for report in await rebuilt(filled, "leads", kind=Kind.CHECK))

        told = await newer("undo")
        assert {table: compared for table, (compared, _) in told.items()} == COMPARED[what]
        assert await rows_of(filled) == of_two
        async with pool_of(filled) as pool:
            back = await put_back(
                pool,
                by_name("leads"),
                keep_old_s=0,
                who="ana",
                settings=RebuildSettings(),
                waits_for=print,
            )
        assert back == 1
        assert await dump_of(filled, "projections") == definitions
        assert await schemas(filled) == []
    await conn.close()


@pytest.mark.parametrize("stands_on", ["view", "table", "function"])
async def test_what_stands_on_columns_that_go_is_named_and_nothing_is_changed(
    filled: str, redis_url: str, tmp_path: Path, stands_on: str
) -> None:
    conn = await asyncpg.connect(filled)
    await conn.execute(
        {
            "view": "CREATE VIEW theirs AS SELECT stage FROM projections.leads",
            "table": "CREATE VIEW theirs AS SELECT stage FROM projections.leads_v1",
            "function": "CREATE FUNCTION theirs() RETURNS bigint LANGUAGE sql"
            " BEGIN ATOMIC SELECT count(*) FROM projections.leads; END",
        }[stands_on]
    )
    before, rows = await dump_of(filled), await rows_of(filled)
    async with other_build(tmp_path, filled, redis_url, OTHERS) as newer:
        told = await newer("replay")
        assert "theirs" in told["refused"], told
        assert await dump_of(filled) == before
        assert await rows_of(filled) == rows
        assert await schemas(filled) == []
        await conn.execute(f"DROP {'FUNCTION' if stands_on == 'function' else 'VIEW'} theirs")
        assert "leads" in await newer("replay")
    await conn.execute("CREATE VIEW theirs AS SELECT abstract FROM projections.leads")
    before = await dump_of(filled)
    with pytest.raises(Exception, match="theirs"):
        async with pool_of(filled) as pool:
            await put_back(
                pool,
                by_name("leads"),
                keep_old_s=9,
                who="ana",
                settings=RebuildSettings(),
                waits_for=print,
            )
    assert await dump_of(filled) == before
    await conn.close()


async def test_a_view_of_others_stays_where_columns_are_only_added(
    filled: str, redis_url: str, tmp_path: Path
) -> None:
    conn = await asyncpg.connect(filled)
    await conn.execute(MANY_VIEWS)
    async with other_build(tmp_path, filled, redis_url, MORE) as newer:
        assert "leads" in await newer("replay")
    found = await conn.fetchval("SELECT count(*) FROM reports.over_view")
    assert found == await conn.fetchval("SELECT count(*) FROM projections.leads_v2") > 0
    await conn.close()
