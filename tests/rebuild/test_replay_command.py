"""`replay` and `projections check` as an operator runs them: every option has its effect."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
import pytest

from consumers.groups import PROJECTIONS
from events.partitioning import partition_of, stream_key
from tests.examples import body
from tests.rebuild.ground import NAMES, rows_of, schemas
from tests.rebuild.test_drift import DRIFTED, drift, plain
from tests.runtime.operators import Answer, Operator

AUDIT = "SELECT actor, action, arguments::text, affected FROM runtime.audit_log ORDER BY id"
KEPT = "SELECT extract(epoch FROM keep_until - replaced_at)::int FROM replaced_leads.standing"


async def everything(database_url: str) -> dict[str, list[str]]:
    """All rows of the engine's tables and of the read models; members' heart-beats left out."""
    conn = await asyncpg.connect(database_url)
    tables = await conn.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c"
        " WHERE c.relkind IN ('r', 'v') AND c.relnamespace IN"
        " ('runtime'::regnamespace, 'projections'::regnamespace, 'agent'::regnamespace)"
    )
    found = {
        row["name"]: sorted(
            one["row"] for one in await conn.fetch(f"SELECT t::text AS row FROM {row['name']} AS t")
        )
        for row in tables
    }
    await conn.close()
    return found


def rows(answer: Answer) -> dict[str, dict[str, list[str]]]:
    """Table → kind of difference → keys, of what a command told as JSON."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in answer.rows():
        if row["kind"] == "row":
            of = found.setdefault(row["table"], {"changed": [], "removed": [], "added": []})
            of[row["difference"]].append(orjson.dumps(row["key"]).decode())
    return found


def tables(answer: Answer) -> dict[str, dict[str, Any]]:
    """What a command told of each table."""
    return {row["table"]: row for row in answer.rows() if row["kind"] == "table"}


async def audited(operator: Operator) -> list[tuple[str, str, dict[str, Any], int]]:
    return [
        (actor, action, orjson.loads(arguments), affected)
        for actor, action, arguments, affected in await operator.rows(AUDIT)
    ]


async def test_a_dry_run_names_every_row_and_writes_nothing(operator: Operator) -> None:
    done = await drift(operator.database_url)
    before = await everything(operator.database_url)
    answer = await operator.run("replay", "--all", "--dry-run", "--fail-on-change", "--json")
    assert answer.code == 1
    assert rows(answer) == plain(done)
    found = tables(answer)
    assert found.keys() == DRIFTED.keys()
    assert {(t["changed"], t["added"], t["removed"], t["equal"]) for t in found.values()} == {
        (1, 1, 1, "no")
    }
    assert (await operator.run("replay", "--all", "--dry-run")).code == 0
    assert await everything(operator.database_url) == before
    assert await schemas(operator.database_url) == []


async def test_a_dry_run_reads_well_at_a_terminal_of_80_columns(operator: Operator) -> None:
    await operator.execute(
        "UPDATE projections.messages_v1 SET text = repeat('long ', 60) || text"
        " WHERE conversation_id = 'c-4'"
    )
    answer = await operator.run("replay", "--projection", "messages", "--dry-run")
    lines = answer.out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    changed = [n for n, line in enumerate(lines) if line.startswith("changed  messages company-1")]
    assert len(changed) > 3
    for number in changed:
        old, new = lines[number + 1].strip().removeprefix("text: ").split(" → ")
        assert old != new
    assert "To let the new rows stand: agent-runtime replay --projection messages" in answer.out
    assert answer.err.splitlines() == [
        "check of messages",
        *(line for line in answer.err.splitlines() if line.startswith("read ")),
        f"messages: {len(changed)} rows differ",
    ]


async def test_nothing_that_would_change_is_exit_0(operator: Operator) -> None:
    for words in (("replay", "--all", "--dry-run", "--fail-on-change"), ("projections", "check")):
        answer = await operator.run(*words)
        assert answer.code == 0, answer.err
        assert "no row differs" in answer.err
        assert answer.out.count(" yes ") == len(DRIFTED)
        assert "agent-runtime" not in answer.out, "there is nothing to do next"


async def test_a_check_shows_as_many_rows_as_it_is_asked_for(operator: Operator) -> None:
    await operator.execute("UPDATE projections.conversations_v1 SET received_count = 99")
    answer = await operator.run("projections", "check", "conversations", "leads", "--rows", "3")
    assert answer.code == 1
    assert answer.out.count("changed  conversations") == 3
    assert "… and 9 more rows of conversations" in answer.out
    assert answer.err.splitlines()[0] == "check of conversations, leads"
    whole = await operator.run("projections", "check", "conversations", "--json", "--workers", "2")
    assert len(rows(whole)["conversations"]["changed"]) == 12


async def test_names_may_be_repeated_and_parted_by_commas(operator: Operator) -> None:
    before = await rows_of(operator.database_url)
    await drift(operator.database_url)
    words = ("--projection", "leads,handoffs", "--projection", "messages", "--as", "maria")
    answer = await operator.run("replay", *words)
    assert answer.code == 0, answer.err
    assert "leads: 3 rows differ; the new rows are live" in answer.err.splitlines()
    assert await schemas(operator.database_url) == [
        "replaced_handoffs",
        "replaced_leads",
        "replaced_messages",
    ]
    mended = await rows_of(operator.database_url)
    assert {name for name, found in mended.items() if found != before[name]} == {
        f"{name}_v1"
        for name in DRIFTED.keys() - {"leads", "handoffs", "messages", "message_statuses"}
    }
    ((actor, action, arguments, affected),) = await audited(operator)
    assert actor.startswith("maria (ana@")
    assert (action, affected) == ("replay", 12)
    assert arguments == {
        "projections": ["messages", "leads", "handoffs"],
        "differing": {"messages": 6, "leads": 3, "handoffs": 3},
        "outcome": "done",
    }


async def test_what_was_replaced_is_kept_and_put_back(operator: Operator) -> None:
    await operator.execute("UPDATE projections.leads_v1 SET stage = 'lost'")
    forged = await rows_of(operator.database_url)
    answer = await operator.run("replay", "--projection", "leads", "--keep-old", "2.5")
    assert await operator.value(KEPT) == 9000
    told = " ".join(answer.out.split())
    assert "to put it back: agent-runtime replay --projection leads --undo" in told
    listed = " ".join((await operator.run("projections", "list")).out.split())
    assert "kept for agent-runtime replay --projection NAME --undo" in listed
    assert " leads 1 ana@" in listed
    as_json = (await operator.run("projections", "list", "--json")).rows()
    assert [row["name"] for row in as_json if row["kept"]] == ["leads"]
    mended = await rows_of(operator.database_url)
    answer = await operator.run("replay", "--projection", "leads", "--undo")
    assert (answer.code, "the rows of before are live again" in answer.err) == (0, True)
    assert await rows_of(operator.database_url) == forged != mended
    all_of_them = await operator.run("replay", "--all")
    assert "agent-runtime replay --all --undo" in " ".join(all_of_them.out.split())
    assert (await operator.run("replay", "--all", "--undo")).code == 0
    assert (await operator.run("replay", "--all", "--keep-old", "0")).code == 0
    assert await rows_of(operator.database_url) == mended
    assert await schemas(operator.database_url) == []
    answer = await operator.run("replay", "--projection", "leads", "--undo")
    assert (answer.code, answer.out) == (1, "")
    assert "nothing is kept of leads" in answer.err
    assert [(action, a["outcome"]) for _, action, a, _ in await audited(operator)] == [
        ("replay", "done"),
        ("replay --undo", "done"),
        ("replay", "done"),
        ("replay --undo", "done"),
        ("replay", "done"),
    ]
    assert (await audited(operator))[-1][2]["projections"] == list(NAMES)


SELECTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "company": (("--company", "company-2"), "company_id = 'company-2'"),
    "conversation": (("--company", "company-1", "--conversation", "c-4"), "conversation_id = 'c-4'"),
    "conversation alone": (("--conversation", "c-4"), "conversation_id = 'c-4'"),
    "types": (
        ("--type", "handoff.requested", "--type", "contact.erased"),
        "type IN ('handoff.requested', 'contact.erased')",
    ),
    "from": (("--from", "2026-11-02T12:46:00Z", "--by", "occurred_at"), "occurred_at >= '2026-11-02T12:46Z'"),
    "until": (("--until", "2026-11-02T12:01:00Z", "--by", "occurred_at"), "occurred_at < '2026-11-02T12:01Z'"),
    "recorded": (("--until", "2026-11-03",), "recorded_at < '2026-11-03Z'"),
}  # fmt: skip


async def test_each_option_narrows_a_replay_to_what_its_events_touch(operator: Operator) -> None:
    conversations = await operator.value("SELECT count(*) FROM projections.conversations")
    for name, (words, where) in SELECTIONS.items():
        await operator.execute("UPDATE projections.conversations_v1 SET received_count = 99")
        touched = await operator.rows(
            "SELECT DISTINCT company_id, conversation_id FROM runtime.event_log"
            f" WHERE {where} ORDER BY 1, 2"
        )
        answer = await operator.run("replay", "--projection", "conversations", "--json", *words)
        if not touched:
            assert answer.code == 1, name
            assert "no event of the log is meant by that" in answer.err
            continue
        assert len(touched) < conversations, name
        mended = [list(orjson.loads(key)) for key in rows(answer)["conversations"]["changed"]]
        assert mended == [list(one) for one in touched], name
        left = await operator.value(
            "SELECT count(*) FROM projections.conversations WHERE received_count = 99"
        )
        assert left == conversations - len(touched), name
    arguments = [told for _, _, told, _ in await audited(operator)]
    assert arguments[2]["conversation"] == "c-4"
    assert arguments[2]["company"] == "company-1"
    assert arguments[4] | {"differing": 0} == {
        "projections": ["conversations"],
        "from": "2026-11-02T12:46:00+00:00",
        "by": "occurred_at",
        "differing": 0,
        "outcome": "done",
    }


async def test_a_conversation_of_several_companies_needs_its_company(operator: Operator) -> None:
    async with operator.redis() as redis:
        event = {**body("message_received.text", 9), "conversation_id": "c-4"}
        key = stream_key(partition_of("acme", "c-4", 16))
        await redis.xadd(key, {"event": orjson.dumps(event)})
    await operator.consume()
    words = ("replay", "--projection", "leads", "--dry-run", "--conversation")
    answer = await operator.run(*words, "c-4")
    assert answer.code == 2
    assert "several companies have a conversation c-4: acme, company-1; name one" in answer.err
    answer = await operator.run(*words, "c-4", "--company", "acme")
    assert answer.code == 0
    answer = await operator.run(*words, "nobody")
    assert (answer.code, "no conversation nobody in the event log" in answer.err) == (1, True)


async def test_fail_fast_stops_at_what_would_be_parked(operator: Operator) -> None:
    event = {**body("message_received.text", 9), "version": 99}
    async with operator.redis() as redis:
        key = stream_key(partition_of("acme", str(event["conversation_id"]), 16))
        await redis.xadd(key, {"event": orjson.dumps(event)})
    await operator.consume(PROJECTIONS)
    before = await everything(operator.database_url)
    answer = await operator.run("replay", "--projection", "messages", "--fail-fast")
    assert (answer.code, str(event["id"]) in answer.err) == (1, True)
    assert await everything(operator.database_url) == before
    assert await schemas(operator.database_url) == []
    answer = await operator.run("replay", "--projection", "messages", "--json")
    assert answer.code == 0, answer.err
    assert tables(answer)["messages"]["parked"] == 1


@pytest.mark.parametrize("words", [("replay", "--all"), ("projections", "check")])
async def test_a_database_that_is_not_migrated_is_told(
    operator: Operator, empty_database_url: str, words: tuple[str, ...]
) -> None:
    there = Operator(empty_database_url, operator.redis_url, operator.folder)
    answer = await there.run(*words)
    assert answer.code == 1
    assert answer.err.splitlines() == ["The database is not migrated: run `agent-runtime migrate`."]
