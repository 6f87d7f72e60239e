from __future__ import annotations

from runtime.openai.breaker import Breaker, BreakerSettings, State


def tripped() -> Breaker:
    breaker = Breaker(BreakerSettings(failures=3, first_s=5.0, max_s=8.0))
    for _ in range(3):
        assert breaker.admit(0.0)
        breaker.failed(0.0)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(BreakerSettings(failures=3))
    for _ in range(2):
        breaker.failed(0.0)
    assert breaker.state(0.0) is State.CLOSED
    breaker.succeeded()
    for _ in range(2):
        breaker.failed(0.0)
    assert breaker.state(0.0) is State.CLOSED
    breaker.failed(0.0)
    assert breaker.state(0.0) is State.OPEN
    assert not breaker.admit(4.9)


def test_when_its_time_is_over_one_trial_passes() -> None:
    breaker = tripped()
    assert breaker.state(5.0) is State.HALF_OPEN
    assert breaker.admit(5.0)
    assert not breaker.admit(5.0)


def test_a_trial_that_succeeds_closes_it() -> None:
    breaker = tripped()
    breaker.admit(5.0)
    breaker.succeeded()
    assert breaker.state(5.0) is State.CLOSED
    assert breaker.admit(5.0)
    assert breaker.admit(5.0)


def test_a_trial_that_fails_opens_it_for_twice_as_long_and_no_longer_than_the_bound() -> None:
    breaker = tripped()
    breaker.admit(5.0)
    breaker.failed(5.0)
    assert breaker.opens_in_s(5.0) == 8.0
    breaker.admit(13.0)
    breaker.failed(13.0)
    assert breaker.opens_in_s(13.0) == 8.0


def test_a_trial_that_was_not_made_leaves_its_place_to_another() -> None:
    breaker = tripped()
    breaker.admit(5.0)
    breaker.not_made()
    assert breaker.admit(5.0)


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_it() -> None:
    breaker = tripped()
    breaker.failed(4.0)
    assert breaker.opens_in_s(4.0) == 1.0
