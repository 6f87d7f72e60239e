"""Which delay an answer shows."""

from __future__ import annotations

import pytest

from runtime.bench.ledger import Ledger
from runtime.bench.world import Reply

PLACE = ("acme", "c-1")


def ledger() -> Ledger:
    return Ledger(debounce_ms=500, expected_ms=800)


def test_a_delay_is_what_is_left_of_debounce_and_model() -> None:
    found = ledger()
    found.appended(PLACE, 10.0, is_counted=True)
    assert found.unanswered("acme") == 1
    found.received(Reply(*PLACE, at_s=10.812))
    assert found.delays_ms("acme") == [pytest.approx(12.0)]
    assert found.unanswered("acme") == 0


def test_an_answer_counts_from_the_last_message_that_it_can_cover() -> None:
    found = ledger()
    for at_s in (10.0, 10.4, 11.0):
        found.appended(PLACE, at_s, is_counted=True)
    found.received(Reply(*PLACE, at_s=11.25))
    assert found.delays_ms("acme") == [pytest.approx(50.0)]
    assert found.unanswered("acme") == 1


def test_warm_up_and_other_companies_are_not_counted() -> None:
    found = ledger()
    found.appended(PLACE, 10.0, is_counted=False)
    found.appended(("other", "c-1"), 10.0, is_counted=True)
    assert (found.waiting("acme"), found.unanswered("acme")) == (1, 0)
    found.received(Reply(*PLACE, at_s=10.9))
    assert found.delays_ms("acme") == []
    assert found.unanswered("acme") == 0
    assert found.unanswered("other", "acme") == 1


def test_an_answer_to_nothing_is_no_delay() -> None:
    found = ledger()
    found.received(Reply(*PLACE, at_s=10.0))
    assert found.delays_ms("acme") == []


def test_what_the_model_itself_was_late_is_no_delay() -> None:
    found = ledger()
    for number, late_ms in enumerate((0.5, 1.5)):
        found.appended(("acme", f"c-{number}"), 100.0, is_counted=True)
        found.thought(late_ms)
        found.received(Reply("acme", f"c-{number}", 100.812))
    assert found.delays_ms("acme") == [pytest.approx(11.0)] * 2
