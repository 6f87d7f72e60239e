"""`conversations show` and `explain`, of events that went through a real engine."""

from __future__ import annotations

import orjson
import pytest

from events.partitioning import partition_of, stream_key
from runtime.explaining.explain import explain
from tests.explaining.story import CONVERSATION, Story, event_id, everything
from tests.explaining.told import LINES, printed
from tests.runtime.operators import Operator

RECEIVED = """
INSERT INTO agent.inbox_v1 (company_id, conversation_id, event_id, partition, position, message_id,
                            kind, channel, correlation_id, text, occurred_at, received_at)
VALUES ('acme', '5511987654321', '{event_id}', 1, 1, 'm-1', 'text', 'whatsapp', 'cor', 'oi',
        '2026-11-02T12:00:00Z', '2026-11-02T12:00:01Z')
"""
CLOSED = """
INSERT INTO agent.inbox_closures (company_id, conversation_id, event_id, reason, closed_at)
VALUES ('acme', '5511987654321', '{event_id}', 'too_old', '2026-11-02T12:00:09Z')
"""


async def publish(operator: Operator, *stories: Story) -> None:
    """Append to the streams, and let a member read it all."""
    async with operator.redis() as redis:
        for story in stories:
            for told in story.bodies:
                company, conversation = told["company_id"], told["conversation_id"]
                key = stream_key(partition_of(company, conversation, 16))
                await redis.xadd(key, {"event": orjson.dumps(told)})
    await operator.consume()


@pytest.fixture
async def told(operator: Operator) -> Operator:
    """The story in which everything happens."""
    await publish(operator, everything())
    return operator


async def test_explain_tells_the_story_of_the_log(told: Operator) -> None:
    answer = await told.run("conversations", "explain", CONVERSATION)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == printed(explain(everything().recorded()), width=100)


async def test_explain_as_json_is_one_object_an_entry(told: Operator) -> None:
    answer = await told.run("conversations", "explain", CONVERSATION, "--json")
    without_inbox = LINES.read_text(encoding="utf-8").splitlines()
    rows, expected = answer.rows(), [orjson.loads(line) for line in without_inbox]
    for row in [*rows, *expected]:
        row.pop("inbox", None)
    assert rows == expected


async def test_explain_says_why_the_inbox_closed_a_message(operator: Operator) -> None:
    story = Story()
    received = story.receive("oi")
    await publish(operator, story)
    await operator.execute(*(sql.replace("{event_id}", received) for sql in (RECEIVED, CLOSED)))
    answer = await operator.run("conversations", "explain", CONVERSATION)
    assert "closed without a turn at 2026-11-02 12:00:09Z: too_old" in answer.out


async def test_a_message_that_no_turn_has_closed_is_not_covered_yet(operator: Operator) -> None:
    story = Story()
    story.receive("oi")
    await publish(operator, story)
    answer = await operator.run("conversations", "explain", CONVERSATION)
    assert "not covered yet" in answer.out


async def test_an_id_of_two_companies_needs_the_company(operator: Operator) -> None:
    stories = [Story(company="acme"), Story(company="beta"), Story("another", company="carl")]
    for number, story in enumerate(stories):
        story.receive(f"from {'abc'[number]}")
        # An event's id is its own over all companies.
        story.bodies[0]["id"] = event_id(900 + number)
    await publish(operator, *stories)
    answer = await operator.run("conversations", "show", CONVERSATION)
    assert answer.code == 2
    assert "acme, beta; name one with --company" in answer.err
    for command in ("explain", "show"):
        answer = await operator.run("conversations", command, CONVERSATION, "--company", "beta")
        assert answer.code == 0
        assert "from b" in answer.out
        assert "from a" not in answer.out


async def test_a_conversation_that_the_company_has_not_is_told(told: Operator) -> None:
    answer = await told.run("conversations", "explain", CONVERSATION, "--company", "carl")
    assert (answer.code, answer.out) == (1, "")
    assert f"no conversation {CONVERSATION} of company carl in the event log" in answer.err


async def test_show_has_the_state_and_the_transcript(told: Operator) -> None:
    answer = await told.run("conversations", "show", CONVERSATION)
    assert answer.code == 0
    for line in ("owner: bot", "channel: whatsapp", "received: 5", "sent: 3"):
        assert f"  {line}\n" in answer.out
    assert "2026-11-02 12:00:11" in answer.out
    texts = ("Sou de Recife", "Abrimos, sim!", "quero falar com gente", "Aqui é a Ana", "Obrigado")
    places = [answer.out.index(text) for text in texts]
    assert places == sorted(places)
    assert "city=Recife" in answer.out
    assert "\x1b" not in answer.out


async def test_show_as_json_is_one_object(told: Operator) -> None:
    answer = await told.run("conversations", "show", CONVERSATION, "--json", "--limit", "2")
    (row,) = answer.rows()
    assert (row["company_id"], row["conversation_id"]) == ("acme", CONVERSATION)
    assert row["state"]["received_count"] == 5
    assert [message["text"] for message in row["messages"]] == ["Oi Ana", "Obrigado"]
    assert row["leads"][0]["facts"]["city"]["value"] == "Recife"
    assert [one["status"] for one in row["handoffs"]] == ["completed"]


async def test_show_says_when_the_read_models_know_nothing_yet(told: Operator) -> None:
    await told.execute("DELETE FROM projections.conversations")
    answer = await told.run("conversations", "show", CONVERSATION)
    assert "the read models do not know it yet" in answer.out
