"""Schedules are functions of the seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.actions import Publish
from tests.simulator.schedule import HORIZON_MS, draw

_SEEDS = st.integers(min_value=0, max_value=2**31)


@given(_SEEDS)
def test_the_same_seed_gives_the_same_schedule(seed: int) -> None:
    assert draw(seed) == draw(seed)
    assert str(draw(seed)) == str(draw(seed))


@given(_SEEDS)
def test_every_event_is_published_in_order_before_it_is_published_again(seed: int) -> None:
    schedule = draw(seed)
    published = [
        number
        for step in schedule.steps
        if isinstance(step.action, Publish)
        for number in step.action.numbers
    ]
    first = list(dict.fromkeys(published))
    assert first == [event.number for event in schedule.events]
    assert len(published) > len(first)


@given(_SEEDS)
def test_faults_come_while_events_do(seed: int) -> None:
    schedule = draw(seed)
    faults = [step for step in schedule.steps if not isinstance(step.action, Publish)]
    assert 1 <= len(faults) <= 9
    assert all(0 <= step.at_ms <= HORIZON_MS for step in schedule.steps)
