"""From events to what became of each message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from runtime.agent.reasons import MEANING, Reason
from runtime.explaining.as_json import objects
from runtime.explaining.explain import explain
from runtime.explaining.values import (
    Call,
    Explanation,
    HandoffStep,
    Inbound,
    InboxState,
    Learnt,
    Other,
    Said,
    Turn,
)
from tests.explaining.story import Story, everything
from tests.explaining.told import LINES, TREE, json_lines, printed


def inbound(explanation: Explanation) -> list[Inbound]:
    return [entry for entry in explanation.entries if isinstance(entry, Inbound)]


def outside(explanation: Explanation) -> list[Any]:
    return [entry for entry in explanation.entries if not isinstance(entry, Inbound)]


def test_the_whole_story_as_a_tree() -> None:
    assert printed(explain(everything().recorded())) == TREE.read_text(encoding="utf-8")


def test_the_whole_story_as_json() -> None:
    assert json_lines(explain(everything().recorded())) == LINES.read_text(encoding="utf-8")


def test_a_message_has_every_turn_that_covers_it() -> None:
    messages = inbound(explain(everything().recorded()))
    assert [[turn.turn_id for turn in message.turns] for message in messages] == [
        ["t-1", "t-2"],
        ["t-2"],
        ["t-3"],
        ["t-4"],
        [],
    ]


def test_every_event_but_enrichments_and_statuses_is_told_once() -> None:
    story = everything()
    explanation = explain(story.recorded())
    turns = {t.turn_id: t for message in inbound(explanation) for t in message.turns}
    told = len(inbound(explanation)) + len(outside(explanation))
    told += sum(1 + len(turn.steps) for turn in turns.values())
    quiet = ("message_received.transcribed", "message.read", "message.delivered")
    assert told == sum(1 for one in story.bodies if one["type"] not in quiet)


def test_a_model_call_belongs_to_the_next_turn_of_its_correlation_to_end() -> None:
    story = Story()
    first = story.receive("oi")
    for turn in ("t-1", "t-2"):
        story.then("openai.call_completed", correlation="same", purpose=f"for {turn}")
        told = {"turn_id": turn, "covers": [first], "outcome": "replied", "reason": "answered"}
        story.then("turn.completed", correlation="same", **told)
    story.then("openai.call_completed", correlation="same", purpose="after t-2")
    (message,) = inbound(explain(story.recorded()))
    purposes = [[s.purpose for s in t.steps if isinstance(s, Call)] for t in message.turns]
    assert purposes == [["for t-1"], ["for t-2", "after t-2"]]


def test_a_model_call_may_name_its_turn() -> None:
    story = Story()
    first = story.receive("oi")
    story.then("openai.call_completed", correlation="t-1")
    story.end("t-1", "replied", "answered", first)
    (message,) = inbound(explain(story.recorded()))
    assert [type(step) for step in message.turns[0].steps] == [Call]


def test_a_fact_belongs_to_the_turn_that_covers_its_quote() -> None:
    story = Story()
    first = story.receive("moro em Recife")
    story.end("t-1", "replied", "answered", first)
    story.then("lead.fact_recorded", correlation="another", event_id=first)
    (message,) = inbound(explain(story.recorded()))
    assert [type(step) for step in message.turns[0].steps] == [Learnt]


def test_a_model_call_of_no_turn_stands_alone() -> None:
    story = Story()
    story.receive("oi")
    story.then("openai.call_completed", correlation="a voice message")
    assert [type(entry) for entry in outside(explain(story.recorded()))] == [Call]


def test_a_turn_of_other_messages_stands_alone() -> None:
    story = Story()
    story.then("message.sent", turn_id="t-9")
    (turn,) = explain(story.recorded()).entries
    assert isinstance(turn, Turn)
    assert (turn.turn_id, turn.outcome, len(turn.steps)) == ("t-9", None, 1)
    assert "its end is not in the log" in printed(explain(story.recorded()))


def test_a_human_in_between_stands_between() -> None:
    between = outside(explain(everything().recorded()))
    assert [type(entry) for entry in between] == [HandoffStep, Said, HandoffStep, Other]
    assert between[1].by == "human"


def test_a_reply_has_the_highest_status_that_came_in_any_order() -> None:
    story = Story()
    for status in ("read", "failed", "delivered"):
        story.then(f"message.{status}", message_id=None, provider_message_id="wamid-1")
    story.then("message.sent", message_id="out-1", provider_message_id="wamid-1", by="bot")
    (said,) = explain(story.recorded()).entries
    assert isinstance(said, Said)
    assert said.status == "read"


@pytest.mark.parametrize(
    ("inbox", "state", "told"),
    [
        (None, "waiting", "not covered yet"),
        (InboxState(), "waiting", "not covered yet"),
        (InboxState(turn_id=UUID(int=7)), "claimed", f"not covered yet: turn {UUID(int=7)} has it"),
        (
            InboxState(datetime(2026, 11, 2, 12, tzinfo=UTC), "too_old"),
            "closed",
            "closed without a turn at 2026-11-02 12:00:00Z: too_old (older than the company's",
        ),
    ],
)
def test_without_a_turn_the_inbox_says_why(inbox: InboxState | None, state: str, told: str) -> None:
    story = Story()
    received = UUID(story.receive("oi"))
    explanation = explain(story.recorded(), {received: inbox} if inbox is not None else {})
    assert inbound(explanation)[0].state == state
    assert told in printed(explanation)
    (line,) = objects(explanation)
    assert line["state"] == state
    assert (line["why"] is not None) is (state == "closed")


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_is_told_with_its_meaning(reason: Reason) -> None:
    story = Story()
    story.end("t-1", "silent", reason.value, story.receive("oi"))
    assert f"{reason.value} ({MEANING[reason]})" in printed(explain(story.recorded()))


def test_a_reason_from_elsewhere_is_told_as_it_is() -> None:
    story = Story()
    story.end("t-1", "silent", "planets", story.receive("oi"))
    assert "silent: planets" in printed(explain(story.recorded()))


def test_no_text_steers_the_terminal() -> None:
    story = Story()
    story.receive("\x1b]0;hi\x07\x9b2J\u202egnp.exe [red]a[/red]")
    told = printed(explain(story.recorded()))
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(told)
    assert "[red]a[/red]" in told


def test_an_event_that_this_program_does_not_know_is_told() -> None:
    story = Story()
    story.then("followup.scheduled")
    story.bodies[0]["version"] = 99
    assert "version 99 is newer than this program" in printed(explain(story.recorded()))


def test_without_events_there_is_nothing_to_explain() -> None:
    with pytest.raises(ValueError, match="no events"):
        explain([])
