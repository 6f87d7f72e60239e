"""When a crowded company's next turn begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runtime.turns.claims import Pace
from runtime.turns.pacing import Pacing

PACE = Pace("flooded", "", 3000, 30_000, turns_at_once=8)
OTHER = replace(PACE, company_id="quiet")


class Clock:
    """Stands still but for `go`."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def go(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacing(clock: Clock) -> Pacing:
    return Pacing(clock)


def begin(pacing: Pacing, turns: int, pace: Pace = PACE) -> None:
    for _ in range(turns):
        pacing.began(pace.company_id)


def test_a_company_without_turns_may_begin_what_is_no_crowd_at_once(pacing: Pacing) -> None:
    assert pacing.allowed(PACE, 0).turns_at_once == 4
    assert pacing.waits_s(PACE) == 0


def test_a_company_that_may_have_one_turn_is_never_left_without(pacing: Pacing) -> None:
    alone = replace(PACE, turns_at_once=1)
    assert pacing.allowed(alone, 0) == alone
    begin(pacing, 1)
    pacing.ended(PACE.company_id, 0.3)
    assert pacing.allowed(alone, 0) == alone


def test_a_crowd_s_turns_begin_one_after_the_other(pacing: Pacing, clock: Clock) -> None:
    begin(pacing, 4)
    assert pacing.allowed(PACE, 0).turns_at_once == 0
    clock.go(pacing.waits_s(PACE))
    assert pacing.allowed(PACE, 0).turns_at_once == 5
    begin(pacing, 1)
    assert pacing.waits_s(PACE) > 0


def test_what_a_crowd_does_is_nothing_to_another_company(pacing: Pacing) -> None:
    begin(pacing, 8)
    assert pacing.waits_s(OTHER) == 0
    assert pacing.allowed(OTHER, 0).turns_at_once == 4


def test_turns_in_other_processes_count_towards_the_bound(pacing: Pacing, clock: Clock) -> None:
    assert pacing.allowed(PACE, 6) == PACE
    begin(pacing, 4)
    clock.go(1)
    assert pacing.allowed(PACE, 2).turns_at_once == 7
    assert pacing.allowed(PACE, 4) == PACE


@pytest.mark.parametrize("takes_s", [0.02, 0.3, 0.7])
def test_a_company_does_as_many_turns_as_without_the_waiting(
    pacing: Pacing, clock: Clock, takes_s: float
) -> None:
    """A hundred turns of the same length, begun when there is room and the distance is kept."""
    running: list[float] = []
    began_s, begun = clock.now_s, 0
    while begun < 100 or running:
        while running and running[0] <= clock.now_s:
            running.pop(0)
            pacing.ended(PACE.company_id, takes_s)
        if begun < 100 and len(running) < pacing.allowed(PACE, 0).turns_at_once:
            pacing.began(PACE.company_id)
            running.append(clock.now_s + takes_s)
            begun += 1
        clock.go(0.0005)
    at_once_s = 100 / PACE.turns_at_once * takes_s
    assert clock.now_s - began_s < at_once_s * 1.1 + 0.1 + takes_s


def test_the_waiting_is_bounded_however_long_turns_take(pacing: Pacing) -> None:
    begin(pacing, 8)
    pacing.ended(PACE.company_id, 600.0)
    assert 0 < pacing.waits_s(PACE) <= 0.1


def test_a_company_that_has_nothing_at_work_any_more_is_forgotten(pacing: Pacing) -> None:
    begin(pacing, 5)
    for _ in range(5):
        pacing.ended(PACE.company_id, 0.3)
    assert pacing.running(PACE.company_id) == 0
    assert pacing.waits_s(PACE) == 0
    assert pacing.allowed(PACE, 0).turns_at_once == 4
