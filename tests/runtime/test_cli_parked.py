"""Finding poisoned conversations, mending them, giving them up."""

from __future__ import annotations

import pytest

from tests.runtime.operators import POISON, Operator, Switch, refusing_group, send

OPEN = "SELECT kind, company_id, conversation_id, requested_by FROM runtime.requests ORDER BY id"
AUDIT = "SELECT action, actor, affected FROM runtime.audit_log ORDER BY id"
RECEIVED = "SELECT received_count FROM projections.conversations WHERE conversation_id = $1"
WAITING = "SELECT count(*) FROM runtime.parked"


async def poison(operator: Operator, *conversations: str) -> None:
    """Each conversation: a good message, a poisoned one, one behind it."""
    async with operator.redis() as redis:
        for place, conversation in enumerate(conversations):
            for number, text in enumerate(["oi", POISON, "alô?"]):
                await send(redis, 10 * place + number + 1, conversation, text)
        await send(redis, 900, "sound", "oi")


@pytest.fixture
async def left_alone(operator: Operator) -> Operator:
    """Two parked conversations, and nobody who runs."""
    await poison(operator, "first", "second")
    await operator.consume(refusing_group(Switch()))
    return operator


async def test_the_list_names_the_refused_event_and_what_waits(left_alone: Operator) -> None:
    table = await left_alone.run("parked", "list")
    assert table.code == 0
    assert "first" in table.out
    assert POISON in table.out
    assert max(map(len, table.out.splitlines())) <= 100
    rows = (await left_alone.run("parked", "list", "--conversation", "first", "--json")).rows()
    assert [(row["projection"], row["conversation"], row["events"]) for row in rows] == [
        ("conversations", "first", 2)
    ]
    assert rows[0]["reason"] == "projection_refused"
    assert rows[0]["asked"] is None
    none = await left_alone.run("parked", "list", "--reason", "newer_version")
    assert "none" in none.out


async def test_show_tells_the_waiting_events_in_order(left_alone: Operator) -> None:
    rows = (await left_alone.run("parked", "show", "acme", "first", "--json")).rows()
    assert [row["body"]["payload"]["text"] for row in rows] == [POISON, "alô?"]
    missing = await left_alone.run("parked", "show", "acme", "sound")
    assert missing.code == 1
    assert "nothing of acme/sound is parked" in missing.err


async def test_without_a_filter_nothing_is_done(left_alone: Operator) -> None:
    for verb in ("retry", "discard"):
        refused = await left_alone.run("parked", verb)
        assert refused.code == 2
        assert "--all" in refused.err
    unconfirmed = await left_alone.run("parked", "discard", "--all")
    assert unconfirmed.code == 2
    assert "--yes" in unconfirmed.err
    assert await left_alone.rows(OPEN) == []
    assert await left_alone.rows(AUDIT) == []


@pytest.mark.parametrize("verb", ["retry", "discard"])
async def test_a_dry_run_shows_what_would_be_done_and_writes_nothing(
    left_alone: Operator, verb: str
) -> None:
    shown = await left_alone.run("parked", verb, "--all", "--dry-run")
    assert shown.code == 0
    assert "parked conversations 2, events 4" in shown.out
    assert await left_alone.rows(OPEN) == []
    assert await left_alone.rows(AUDIT) == []
    assert await left_alone.value(WAITING) == 4


async def test_a_request_stays_when_nobody_owns_the_partition(left_alone: Operator) -> None:
    words = ("parked", "retry", "--conversation", "first", "--as", "maria")
    asked = await left_alone.run(*words)
    assert asked.code == 1
    assert "nobody owns partition" in asked.err
    assert "the request stays" in asked.err
    again = await left_alone.run(*words, "--no-wait")
    assert again.code == 0
    requests = await left_alone.rows(OPEN)
    assert [row[:3] for row in requests] == [("retry_parked", "acme", "first")]
    assert requests[0][3].startswith("maria (ana@")
    assert [(row[0], row[2]) for row in await left_alone.rows(AUDIT)] == [
        ("parked retry", 1),
        ("parked retry", 0),
    ]
    listed = await left_alone.run("parked", "list", "--json")
    assert {row["conversation"]: row["asked"] for row in listed.rows()} == {
        "first": "retry",
        "second": None,
    }


async def test_a_name_that_does_not_exist_is_wrong_use(left_alone: Operator) -> None:
    for option, name in (("--projection", "nosuch"), ("--group", "nobody")):
        refused = await left_alone.run("parked", "retry", option, name)
        assert refused.code == 2
        assert name in refused.err
    nothing = await left_alone.run("parked", "retry", "--conversation", "sound")
    assert nothing.code == 0
    assert "nothing that matches is parked" in nothing.out


async def test_what_is_mended_drains_and_what_is_not_is_told_apart(operator: Operator) -> None:
    switch = Switch()
    await poison(operator, "first", "second")
    async with operator.member(refusing_group(switch)):
        refused = await operator.run("parked", "retry", "--all")
        assert refused.code == 1
        assert "still_refused" in refused.out
        assert await operator.value(RECEIVED, "first") == 1
        switch.on = False
        mended = await operator.run("parked", "retry", "--conversation", "first", "--json")
        assert mended.code == 0
        assert [(row["outcome"], row["moved"]) for row in mended.rows()] == [("drained", 2)]
        assert await operator.value(RECEIVED, "first") == 3
        assert await operator.value(RECEIVED, "second") == 1
        audited = await operator.run("groups", "status", "--audit")
        assert audited.code == 0, audited.out


async def test_what_is_discarded_no_longer_holds_its_conversation(operator: Operator) -> None:
    await poison(operator, "first", "second")
    async with operator.member(refusing_group(Switch())):
        done = await operator.run("parked", "discard", "--conversation", "second", "--yes")
        assert done.code == 0
        assert "1 of 1 done" in done.out
        async with operator.redis() as redis:
            await send(redis, 99, "second", "de novo")
        await operator.wait_caught_up()
        assert await operator.value(RECEIVED, "second") == 2
        assert await operator.value(WAITING) == 2
        audited = await operator.run("groups", "status", "--audit")
        assert audited.code == 0, audited.out
    listed = await operator.run("audit", "list", "--action", "parked discard", "--json")
    told = [(row["arguments"], row["affected"]) for row in listed.rows()]
    assert told == [({"conversation": "second", "events": 2}, 1)]
