"""The waits between attempts: they grow, end somewhere, differ, and begin anew after a success."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from consumers.backoff import Backoff

seconds = st.floats(min_value=1e-3, max_value=100)


@given(initial_s=seconds, max_s=seconds, attempts=st.integers(1, 200))
def test_waits_are_bounded_from_both_sides(initial_s: float, max_s: float, attempts: int) -> None:
    backoff = Backoff(initial_s=initial_s, max_s=max_s)
    for attempt in range(attempts):
        whole = min(max_s, initial_s * 2.0**attempt)
        assert whole / 2 <= backoff.next_s() <= whole
    assert backoff.attempt == attempts


def test_waits_double_until_the_bound() -> None:
    backoff = Backoff(initial_s=0.1, max_s=5.0)
    waits = [backoff.next_s() for _ in range(20)]
    assert all(later > earlier / 2 for earlier, later in pairwise(waits))
    assert waits[6] > 2.5
    assert max(waits) <= 5.0


def test_two_members_that_fail_together_do_not_come_back_together() -> None:
    first = [Backoff(initial_s=1.0, max_s=1.0).next_s() for _ in range(100)]
    assert len(set(first)) > 90
    assert max(first) - min(first) > 0.25


def test_a_success_begins_anew() -> None:
    backoff = Backoff(initial_s=0.1, max_s=5.0)
    for _ in range(100):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= 0.1
    assert backoff.attempt == 1


def test_an_outage_of_years_does_not_overflow() -> None:
    backoff = Backoff(initial_s=0.1, max_s=5.0)
    backoff.attempt = 10**9
    assert backoff.next_s() <= 5.0
