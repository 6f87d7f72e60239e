"""`conversations show --as-of`, as an operator uses it."""

from __future__ import annotations

from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.explaining.story import CONVERSATION, Story, event_id, everything
from tests.history.commands import Operator
from tests.history.material import placed, write

SHOW = ("conversations", "show", CONVERSATION)


@pytest.fixture
async def told(operator: Operator) -> Operator:
    """The story in which everything happens, an event each 7 s; nobody has consumed it."""
    await write(operator.database_url, placed(everything().bodies))
    return operator


async def alter(operator: Operator, *sql: str) -> None:
    conn = await asyncpg.connect(operator.database_url)
    for one in sql:
        await conn.execute(one)
    await conn.close()


async def test_nothing_is_written_and_no_read_model_is_read(told: Operator) -> None:
    name = urlsplit(told.database_url).path[1:]
    await alter(
        told,
        "DROP SCHEMA projections CASCADE",
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
    )
    for words in (
        (*SHOW, "--as-of", event_id(26), "--events"),
        ("conversations", "timeline", CONVERSATION),
        ("events", "show", event_id(3)),
        ("events", "tail"),
    ):
        answer = told.run(*words)
        assert (answer.code, answer.err) == (0, ""), words
        # What is JSON is not broken into lines.
        assert max(map(len, answer.out.splitlines())) <= 80 or words[:2] == ("events", "show")


async def test_json_has_what_show_has_and_the_moment(told: Operator) -> None:
    answer = told.run(*SHOW, "--as-of", event_id(16), "--json", "--events", "--limit", "2")
    (row,) = answer.rows()
    assert (row["company_id"], row["conversation_id"]) == ("acme", CONVERSATION)
    assert row["state"]["received_count"] == 3
    assert [message["text"] for message in row["messages"]] == [
        "Abrimos, sim!",
        "quero falar com gente",
    ]
    assert row["leads"][0]["facts"]["city"]["value"] == "Recife"
    assert row["handoffs"] == row["stopped"] == []
    assert [one["outcome"] for one in row["rag_queries"]] == ["retrieved"]
    assert row["as_of"]["event_id"] == event_id(16)
    assert row["as_of"]["by"] == "position"
    assert row["as_of"]["place"] == row["events"][-1]["place"]
    assert [one["id"] for one in row["events"]] == [event_id(n) for n in range(1, 17)]
    assert row["event_count"] == 16


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        ("2026-11-02T12:00:21Z", 4),
        ("2026-11-02T12:00:20.999999Z", 3),
        ("2026-11-02 12:00:21", 4),
        ("2026-11-02T09:00:21-03:00", 4),
        ("2026-11-02t12:00:21z", 4),
        ("2026-11-02T12:01", 9),
        ("2026-11-03", 27),
    ],
)
async def test_a_time_is_inclusive_and_in_utc_without_an_offset(
    told: Operator, moment: str, count: int
) -> None:
    (row,) = told.run(*SHOW, "--as-of", moment, "--json").rows()
    assert row["event_count"] == count
    assert row["as_of"]["by"] == "recorded_at"
    assert "events" not in row


async def test_by_occurred_at_counts_by_that_clock(told: Operator) -> None:
    moment = ("--as-of", "2026-11-02T12:00:05Z")
    (row,) = told.run(*SHOW, *moment, "--by", "occurred_at", "--json").rows()
    assert (row["event_count"], row["as_of"]["by"]) == (5, "occurred_at")
    assert told.run(*SHOW, *moment, "--json").rows()[0]["event_count"] == 1


async def test_the_text_tells_the_moment_and_lists_the_events(told: Operator) -> None:
    answer = told.run(*SHOW, "--as-of", event_id(21), "--events")
    assert f"as of event {event_id(21)}: made of 21 events" in " ".join(answer.out.split())
    for line in ("owner: human", "received: 3", "  2026-11-02T12:00:00.000+00:00 message_received"):
        assert line in answer.out
    assert "rag_queries" in answer.out
    assert "\x1b" not in answer.out


async def test_before_its_first_event_there_is_nothing_yet(told: Operator) -> None:
    answer = told.run(*SHOW, "--as-of", "2026-11-02T11:59:59Z")
    assert answer.code == 0
    assert "no event of it yet; its first is of 2026-11-02 12:00:00" in " ".join(answer.out.split())
    (row,) = told.run(*SHOW, "--as-of", "2026-11-01", "--json").rows()
    assert (row["state"], row["messages"], row["event_count"]) == (None, [], 0)


async def test_what_stops_a_read_model_is_told(operator: Operator) -> None:
    story = Story()
    story.receive("oi")
    story.receive("alô")
    story.receive("tem alguém?")
    story.bodies[1]["version"] = 9
    await write(operator.database_url, placed(story.bodies))
    answer = operator.run(*SHOW, "--as-of", "2027-01-01")
    text = " ".join(answer.out.split())
    assert f"conversations stands still before message_received.text {event_id(2)}" in text
    assert "newer_version" in text
    assert "1 events wait behind it" in text
    (row,) = operator.run(*SHOW, "--as-of", "2027-01-01", "--json").rows()
    assert row["state"]["received_count"] == 1
    stops = {one["read_model"]: one for one in row["stopped"]}
    assert set(stops) == {"conversations", "messages", "company_activity", "daily_counts"}
    assert stops["messages"]["event_id"] == event_id(2)
    assert stops["messages"]["followers"] == 1


def wrong(operator: Operator, *words: str) -> str:
    answer = operator.run(*SHOW, *words)
    assert (answer.code, answer.out) == (2, "")
    return " ".join(answer.err.replace("│", " ").split())


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-13-01", "12:00", "2026-11-02T12:00:00+99:00", "0190a000", ""]
)
async def test_what_is_no_moment_is_told_what_is_one(told: Operator, moment: str) -> None:
    said = wrong(told, "--as-of", moment)
    assert "give a time like 2026-11-02T12:00:00Z" in said
    assert "or an event id (a UUID)" in said


async def test_an_event_of_another_conversation_is_wrong_use(operator: Operator) -> None:
    mine, other = Story(), Story("somebody-else")
    for story, id_ in ((mine, 1), (other, 900)):
        story.receive("oi")
        story.bodies[0]["id"] = event_id(id_)
    await write(operator.database_url, placed([*mine.bodies, *other.bodies]))
    said = wrong(operator, "--as-of", event_id(900))
    assert "is of conversation somebody-else of company acme" in said
    assert f"no event {event_id(7)} in the log" in wrong(operator, "--as-of", event_id(7))


async def test_options_of_as_of_alone_are_wrong_use(told: Operator) -> None:
    assert "go with --as-of" in wrong(told, "--events")
    assert "go with --as-of" in wrong(told, "--by", "occurred_at")
    assert "'recorded_at', 'occurred_at'" in wrong(told, "--by", "clock", "--as-of", "2026-11-02")


async def test_a_conversation_that_is_not_there_is_told(told: Operator) -> None:
    answer = told.run("conversations", "show", "nobody", "--as-of", "2026-11-02")
    assert (answer.code, answer.out) == (1, "")
