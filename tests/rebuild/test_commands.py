"""The command: what waits is told, and what was killed goes on."""

from __future__ import annotations

import pytest

from consumers.rebuild.plan import Kind
from tests.rebuild.accounts import forge, unbalanced, value
from tests.rebuild.ground import consumed, mixed, rebuilt, rows_of, schemas
from tests.rebuild.victim import killed_at
from tests.runtime.operators import Operator

NEWER = """
    UPDATE runtime.event_log SET body = jsonb_set(body::jsonb, '{version}', '99')::json
     WHERE event_id = (SELECT event_id FROM runtime.event_log
                        WHERE type = 'message_received.text' AND conversation_id = 'c-4'
                        ORDER BY position LIMIT 1)
    RETURNING event_id::text
"""


@pytest.fixture
async def filled(bare_operator: Operator) -> Operator:
    await consumed(bare_operator.database_url, bare_operator.redis_url, mixed(300))
    return bare_operator


async def test_events_that_would_wait_and_those_that_do_are_told_with_their_reason(
    filled: Operator,
) -> None:
    event_id = await filled.value(NEWER)
    words = ("replay", "--projection", "conversations")
    tried = await filled.run(*words, "--dry-run", "--json")
    told = [row for row in tried.rows() if row["kind"] == "parked"]
    (table,) = [row for row in tried.rows() if row["kind"] == "table"]
    assert len(told) == min(20, table["parked"])
    assert table["parked"] > 5
    assert (told[0]["event"], told[0]["reason"]) == (event_id, "newer_version")
    assert told[0]["detail"] == "message_received.text version 99 is newer than this build"
    assert {row["reason"] for row in told[1:]} == {"follows_parked"}
    assert {row["conversation"] for row in told} == {"c-4"}
    stopped = await filled.run(*words, "--fail-fast")
    assert stopped.code == 1
    assert f"event {event_id}: newer_version" in stopped.err
    assert await schemas(filled.database_url) == []
    done = await filled.run(*words)
    assert done.code == 0
    assert event_id in done.out
    assert "newer_version" in done.out
    assert f"events that wait in the new rows' account: {table['parked']}" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert await filled.value("SELECT count(*) FROM runtime.parked") == table["parked"]


@pytest.mark.parametrize("point", ["follow", "done"])
async def test_a_killed_undo_is_finished_by_the_same_command(filled: Operator, point: str) -> None:
    url = filled.database_url
    await forge(url)
    old = await rows_of(url, "leads")
    await rebuilt(url, "leads")
    await killed_at(url, point, "leads", kind=Kind.UNDO)
    await value(url, "UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 hour'")
    undone = await filled.run("replay", "--projection", "leads", "--undo")
    assert (undone.code, undone.err.count("goes on where it was stopped")) == (0, 1)
    assert await rows_of(url, "leads") == old
    assert await schemas(url) == ["replaced_leads"]
    assert await unbalanced(url) == []


async def test_an_abandoned_undo_leaves_what_was_kept(filled: Operator) -> None:
    url = filled.database_url
    await forge(url)
    old = await rows_of(url, "leads")
    await rebuilt(url, "leads")
    await killed_at(url, "compare", "leads", kind=Kind.UNDO)
    await value(url, "UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 hour'")
    assert (await filled.run("replay", "--abandon")).code == 0
    assert await schemas(url) == ["replaced_leads"]
    await rebuilt(url, "leads", kind=Kind.UNDO)
    assert await rows_of(url, "leads") == old
