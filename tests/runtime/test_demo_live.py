"""The live part of the demo: what its customers see, and what is told of each decision."""

from __future__ import annotations

import re

import pytest

from tests.runtime.demo_runs import Run, Shown


def bot(shown: Shown) -> list[str]:
    return [text for who, text in shown.said if who == "bot"]


def outcomes(shown: Shown) -> list[tuple[int, str, str]]:
    """(messages covered, outcome, reason) of each turn."""
    turns = (re.match(r"↳ turn \d+, (\d+) messages?: (\w+), (\w+)", line) for line in shown.why)
    return [(int(turn[1]), turn[2], turn[3]) for turn in turns if turn]


@pytest.mark.parametrize("number", [0, 1])
def test_it_ends_well_and_fits_100_columns(demo_runs: list[Run], number: int) -> None:
    run = demo_runs[number]
    assert (run.code, run.errors) == (0, "")
    assert [line for line in run.lines if len(line) > 100] == []
    assert "sk-canary" not in "\n".join(run.lines)


def test_each_run_has_conversations_of_its_own(demo_runs: list[Run]) -> None:
    for customer in ("marina", "caio", "bruno"):
        first, second = (run.conversation(customer) for run in demo_runs)
        assert first.id != second.id
        assert outcomes(first) == outcomes(second)


@pytest.mark.parametrize("number", [0, 1])
def test_a_burst_gets_one_answer_from_the_knowledge(demo_runs: list[Run], number: int) -> None:
    shown = demo_runs[number].conversation("marina")
    assert [who for who, _ in shown.said[:4]] == ["Marina", "Marina", "Marina", "bot"]
    assert "O clareamento de consultório custa R$ 890,00" in bot(shown)[0]
    assert outcomes(shown)[0] == (3, "replied", "answered_from_knowledge")


@pytest.mark.parametrize("number", [0, 1])
def test_facts_are_told_with_their_quotes_and_the_lead_is_qualified(
    demo_runs: list[Run], number: int
) -> None:
    shown = demo_runs[number].conversation("marina")
    facts = [line for line in shown.why if line.startswith("fact ")]
    assert 'fact phone = +5519987654321 from "(19) 98765-4321" (rules, 0.95)' in facts
    assert any(line.startswith('fact name = Marina Duarte from "Marina Duarte"') for line in facts)
    scores = [line.split(" [")[0] for line in shown.why if line.startswith("lead ")]
    assert scores == [
        "lead scored: 0.50 of 0.70",
        "lead scored: 0.75 of 0.70",
        "lead qualified: 0.75 of 0.70",
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_the_bot_is_silent_while_a_human_has_the_conversation(
    demo_runs: list[Run], number: int
) -> None:
    shown = demo_runs[number].conversation("caio")
    assert [who for who, _ in shown.said] == ["Caio", "bot", "", "Paula", "Caio", "", "Caio", "bot"]
    assert outcomes(shown) == [
        (1, "handed_off", "asked_for_human"),
        (1, "silent", "human_owns"),
        (1, "replied", "answered_from_knowledge"),
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_who_opts_out_is_not_written_to_any_more(demo_runs: list[Run], number: int) -> None:
    shown = demo_runs[number].conversation("bruno")
    assert bot(shown) == []
    assert outcomes(shown) == [(1, "silent", "opted_out"), (1, "silent", "opted_out")]
    assert any(line.startswith("↳ contact.opted_out") for line in shown.why)
