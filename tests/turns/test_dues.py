"""When bursts are to be claimed by what a look told, and when it takes another look."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from runtime.turns.claims import MOST_TOLD, Pace, Waiting
from runtime.turns.dues import Dues
from runtime.turns.pacing import Pacing
from tests.turns.test_pacing import Clock

A, B = Pace("a", "", 1000, 10_000, 4), Pace("b", "", 1000, 10_000, 4)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacing(clock: Clock) -> Pacing:
    return Pacing(clock)


@pytest.fixture
def dues(pacing: Pacing, clock: Clock) -> Dues:
    return Dues(pacing, clock)


def waiting(pace: Pace, quiet_s: Sequence[float]) -> tuple[Pace, Waiting]:
    return pace, Waiting(pace.company_id, pace.centurion_id, 0, quiet_s, quiet_s, None)


def test_without_a_look_nothing_is_due(dues: Dues) -> None:
    assert (dues.due(), dues.next_s()) == ([], inf)


def test_each_is_due_in_its_own_time_after_one_look(dues: Dues, clock: Clock) -> None:
    dues.looked([waiting(A, [0.9, 0.5]), waiting(B, [0.7])])
    assert dues.due() == []
    taken = []
    for _ in range(3):
        clock.go(dues.next_s())
        taken.append([pace.company_id for pace in dues.due()])
        assert dues.claimed(dues.due(), 1)
    assert taken == [["a"], ["b"], ["a"]]
    # Then only how long they may be open is left.
    assert dues.next_s() == pytest.approx(10 - 0.9 - 0.5)


def test_a_timer_that_comes_a_little_too_early_finds_its_burst_due(
    dues: Dues, clock: Clock
) -> None:
    dues.looked([waiting(A, [0.5])])
    clock.go(0.496)
    assert dues.due() == [A]


def test_who_claims_less_than_was_due_has_to_look(dues: Dues, clock: Clock) -> None:
    dues.looked([waiting(A, [0.9, 0.9])])
    clock.go(0.2)
    assert not dues.claimed(dues.due(), 1)


def test_what_was_not_due_is_known_as_before(dues: Dues, clock: Clock) -> None:
    dues.looked([waiting(A, [0.9]), waiting(B, [0.5] * MOST_TOLD)])
    clock.go(0.2)
    assert dues.due() == [A]
    assert dues.claimed([A], 1)
    assert dues.next_s() == pytest.approx(0.3)


def test_who_claims_all_that_a_look_may_tell_has_to_look(dues: Dues, clock: Clock) -> None:
    dues.looked([waiting(A, [0.9] * MOST_TOLD)])
    clock.go(0.2)
    assert not dues.claimed(dues.due(), MOST_TOLD)


def test_a_look_replaces_what_an_earlier_one_told(dues: Dues, clock: Clock) -> None:
    dues.looked([waiting(A, [0.9])])
    dues.looked([waiting(B, [0.1])])
    clock.go(0.5)
    assert dues.due() == []
    assert dues.next_s() == pytest.approx(0.4)


def test_a_crowded_company_s_next_turn_waits_for_its_distance(
    dues: Dues, pacing: Pacing, clock: Clock
) -> None:
    dues.looked([waiting(A, [2.0, 2.0, 2.0])])
    for _ in range(2):
        pacing.began("a")
    assert dues.due() == []
    assert dues.next_s() == pytest.approx(pacing.waits_s(A)) != 0
    clock.go(dues.next_s())
    assert dues.due() == [A]
