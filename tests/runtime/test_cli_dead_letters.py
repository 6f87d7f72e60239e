"""Dead letters: looking at them, sending them again, giving them up."""

from __future__ import annotations

import orjson
import pytest

from events.partitioning import partition_of, stream_key
from tests.consumers.test_dead_letters import CASES, PARTITION
from tests.examples import body
from tests.runtime.operators import Operator

KEYS = "SELECT partition || ':' || entry_id FROM runtime.dead_letters"
STATES = "SELECT group_name, resolution FROM runtime.dead_letters WHERE reason = $1 ORDER BY 1"
OPEN = "SELECT count(*) FROM runtime.dead_letters WHERE resolved_at IS NULL"
AUDIT = "SELECT action, affected FROM runtime.audit_log ORDER BY id"


async def append(operator: Operator, partition: int, *entries: dict[str, bytes]) -> None:
    async with operator.redis() as redis:
        for fields in entries:
            await redis.xadd(stream_key(partition), fields)  # type: ignore[arg-type]


@pytest.fixture
async def met(operator: Operator) -> Operator:
    """Every kind of dead letter that an entry alone can be, kept by two groups."""
    await append(operator, PARTITION, *(fields for _, fields in CASES))
    await operator.consume()
    await operator.execute(
        "INSERT INTO runtime.dead_letters"
        " (group_name, partition, entry_id, generation, raw, reason, detail, event_id)"
        " SELECT 'agent', partition, entry_id, generation, raw, reason, detail, event_id"
        "   FROM runtime.dead_letters",
    )
    return operator


async def key_of(operator: Operator, reason: str) -> str:
    found: str = await operator.value(f"{KEYS} WHERE reason = $1", reason)
    return found


async def test_the_list_has_one_row_an_entry_and_narrows(met: Operator) -> None:
    table = await met.run("dead-letters", "list")
    assert table.code == 0
    assert max(map(len, table.out.splitlines())) <= 100
    rows = (await met.run("dead-letters", "list", "--json")).rows()
    assert sorted(row["reason"] for row in rows) == sorted(reason for reason, _ in CASES)
    assert all(row["groups"] == ["agent", "projections"] for row in rows)
    for words, count in (
        (("--reason", "invalid_envelope"), 2),
        (("--company", "acme"), 5),
        (("--partition", str((PARTITION + 1) % 16)), 0),
        (("--group", "agent"), len(CASES)),
        (("--since", "2999-01-01"), 0),
        (("--resolved",), 0),
        (("--limit", "3"), 3),
    ):
        listed = await met.run("dead-letters", "list", *words, "--json")
        assert len(listed.rows()) == count, words


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("not_utf8", "then discard"),
        ("wrong_partition", "sent to the right stream"),
        ("missing_field", "cannot be retried"),
        ("too_large", "256 KiB"),
    ],
)
async def test_show_tells_what_to_do(met: Operator, reason: str, remedy: str) -> None:
    shown = await met.run("dead-letters", "show", await key_of(met, reason), "--json")
    assert shown.code == 0
    assert remedy in shown.rows()[0]["remedy"]
    told = await met.run("dead-letters", "show", await key_of(met, reason))
    assert f"reason  {reason}" in told.out
    assert "What to do" in told.out


async def test_show_unfolds_json_and_the_fields_of_an_entry(met: Operator) -> None:
    sound = await met.run("dead-letters", "show", await key_of(met, "wrong_partition"))
    assert '\n  "company_id": "acme",' in sound.out
    await met.execute("DELETE FROM runtime.dead_letters WHERE raw LIKE '%more%'::bytea")
    bare = await met.run("dead-letters", "show", await key_of(met, "missing_field"))
    assert "\nevnt = {}\n" in bare.out


async def test_a_key_that_means_nothing_or_two_things_is_wrong_use(met: Operator) -> None:
    for key, problem in (
        ("3", "not PARTITION:ENTRY_ID"),
        ("3:abc", "not an entry id"),
        ("3:1-1", "there is no dead letter 3:1-1"),
    ):
        for verb in ("show", "retry"):
            refused = await met.run("dead-letters", verb, key)
            assert refused.code == 2
            assert problem in refused.err
    await met.execute(
        "INSERT INTO runtime.dead_letters"
        " (group_name, partition, entry_id, generation, raw, reason, detail)"
        " SELECT group_name, partition, entry_id, 2, raw, reason, 'of another generation'"
        "   FROM runtime.dead_letters WHERE reason = 'not_json'",
    )
    key = await key_of(met, "not_json")
    ambiguous = await met.run("dead-letters", "discard", key, "--yes")
    assert ambiguous.code == 2
    assert "--generation" in ambiguous.err
    one = await met.run("dead-letters", "show", key, "--generation", "2")
    assert "of another generation" in one.out


@pytest.mark.parametrize("verb", ["retry", "discard"])
async def test_a_dry_run_writes_nothing(met: Operator, verb: str) -> None:
    before = await streams(met)
    shown = await met.run("dead-letters", verb, "--all", "--dry-run")
    assert shown.code == 0
    assert "would be" in shown.out
    assert await streams(met) == before
    assert await met.value(OPEN) == 2 * len(CASES)
    assert await met.rows(AUDIT) == []


async def streams(operator: Operator) -> list[int]:
    async with operator.redis() as redis:
        return [int(await redis.xlen(stream_key(partition))) for partition in range(16)]


async def test_only_what_is_an_event_is_sent_again_to_its_right_stream(met: Operator) -> None:
    before = await streams(met)
    key = await key_of(met, "wrong_partition")
    sent = await met.run("dead-letters", "retry", "--all", "--json")
    assert sent.code == 1
    outcomes = {row["key"]: row for row in sent.rows()}
    right = partition_of("acme", "someone-else-1", 16)
    assert outcomes.pop(key)["new_place"].startswith(f"{right}:")
    assert all(row["outcome"] == "not sent" and row["why_not"] for row in outcomes.values())
    after = await streams(met)
    assert [now - then for now, then in zip(after, before, strict=True)] == [
        int(partition == right) for partition in range(16)
    ]
    assert await met.rows(STATES, "wrong_partition") == [
        ("agent", "retried"),
        ("projections", "retried"),
    ]
    assert await met.value(OPEN) == 2 * (len(CASES) - 1)
    assert await met.rows(AUDIT) == [("dead-letters retry", 1)]
    again = await met.run("dead-letters", "retry", key)
    assert again.code == 0
    assert "was retried before by ana@" in again.out
    assert await streams(met) == after
    await met.consume()
    logged = "SELECT count(*) FROM runtime.event_log WHERE conversation_id = 'someone-else-1'"
    assert await met.value(logged) == 1


async def test_a_retry_says_that_it_takes_a_new_place(met: Operator) -> None:
    sent = await met.run("dead-letters", "retry", "--reason", "wrong_partition")
    assert sent.code == 0
    assert "takes a new place in the log: behind what came after it" in sent.out


async def test_retrying_what_was_sent_before_has_no_second_effect(operator: Operator) -> None:
    """A newer build accepts the bytes; the first retry died between sending and marking."""
    raw = orjson.dumps(body("message_received.text"))
    await operator.consume()
    await operator.rows(
        "INSERT INTO runtime.dead_letters (group_name, partition, entry_id, raw, reason, detail)"
        " VALUES ('projections', 0, '5-0', $1, 'invalid_payload', 'an older build refused it')",
        raw,
    )
    for _ in range(2):
        assert (await operator.run("dead-letters", "retry", "0:5-0")).code == 0
        await operator.execute(
            "UPDATE runtime.dead_letters SET resolved_at = NULL, resolution = NULL"
        )
    await operator.consume()
    assert await operator.value("SELECT count(*) FROM runtime.event_log") == 1
    assert await operator.value("SELECT sum(duplicate) FROM runtime.checkpoints") == 1
    assert await operator.value("SELECT sum(received_count) FROM projections.conversations") == 1


async def test_an_id_conflict_is_never_sent_as_it_is(operator: Operator) -> None:
    one, other = (body("message_received.text", text=text) for text in ("sim", "não"))
    partition = partition_of("acme", "c-1", 16)
    await append(operator, partition, *({"event": orjson.dumps(e)} for e in (one, other)))
    await operator.consume()
    before = await streams(operator)
    key = await key_of(operator, "id_conflict")
    refused = await operator.run("dead-letters", "retry", key)
    assert refused.code == 1
    assert "new id" in " ".join(refused.out.split())
    assert await streams(operator) == before
    assert await operator.value(OPEN) == 1


async def test_discarding_wants_a_choice_and_a_yes_and_keeps_the_rows(met: Operator) -> None:
    assert (await met.run("dead-letters", "discard", "--yes")).code == 2
    unconfirmed = await met.run("dead-letters", "discard", "--reason", "not_json")
    assert unconfirmed.code == 2
    assert "--yes" in unconfirmed.err
    assert await met.value(OPEN) == 2 * len(CASES)
    done = await met.run("dead-letters", "discard", "--reason", "not_json", "--yes")
    assert done.code == 0
    assert "1 dead letters discarded" in done.out
    assert await met.rows(STATES, "not_json") == [
        ("agent", "discarded"),
        ("projections", "discarded"),
    ]
    assert await met.rows(AUDIT) == [("dead-letters discard", 1)]
    resolved = await met.run("dead-letters", "list", "--resolved", "--json")
    assert [row["resolution"] for row in resolved.rows()] == ["discarded"]


async def test_a_person_is_asked_before_anything_is_discarded(met: Operator) -> None:
    words = ("dead-letters", "discard", "--reason", "not_json")
    refused = await met.answer("n", *words)
    assert refused.code == 1
    assert "nothing was done" in refused.err
    assert await met.value(OPEN) == 2 * len(CASES)
    done = await met.answer("y", *words)
    assert done.code == 0, done.err
    assert await met.value(OPEN) == 2 * (len(CASES) - 1)
