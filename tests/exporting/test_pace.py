"""The rate holds, by a clock of the test's own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.exporting.pace import Pace


class Time:
    """A clock that only sleeping and working move; sleeping oversleeps."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.now = 1000.0
        self.oversleep = oversleep

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + self.oversleep


def sent(
    rate: float | None, count: int, *, work_s: float = 0.0, oversleep: float = 0.0
) -> list[tuple[float, int]]:
    """When how many events went."""
    time = Time(oversleep)
    pace = Pace(rate, clock=time.clock, sleep=time.sleep)
    done: list[tuple[float, int]] = []

    async def work() -> None:
        for start in range(0, count, 500):
            for portion in pace.portions(range(start, min(start + 500, count)), most=500):
                await pace.wait_turn(len(portion))
                done.append((time.now - 1000.0, len(portion)))
                time.now += work_s

    asyncio.run(work())
    return done


@pytest.mark.parametrize("rate", [0.5, 1, 7, 100, 333.3, 4_000])
def test_the_rate_is_exact_over_seconds(rate: float) -> None:
    count = max(20, int(rate * 30))
    times = sent(rate, count)
    last, portion = times[-1]
    assert sum(n for _, n in times) == count
    assert last == pytest.approx((count - portion) / rate, rel=1e-6)


def test_sleeping_too_long_does_not_lower_the_rate() -> None:
    times = sent(100, 3_000, oversleep=0.02)
    assert times[-1][0] == pytest.approx(30, abs=0.3)


@settings(deadline=None)
@given(
    rate=st.floats(0.5, 5_000),
    count=st.integers(1, 2_000),
    work_s=st.floats(0, 0.5),
    oversleep=st.floats(0, 0.5),
)
def test_no_second_has_more_than_the_rate_and_two_portions(
    rate: float, count: int, work_s: float, oversleep: float
) -> None:
    times = sent(rate, count, work_s=work_s, oversleep=oversleep)
    portion = max(1, int(rate / 10))
    for index, (begin, _) in enumerate(times):
        within = sum(n for at, n in times[index:] if at < begin + 1)
        assert within <= rate + 2 * portion + 1e-6


def test_a_target_that_was_slow_is_not_chased() -> None:
    time = Time()
    pace = Pace(10, clock=time.clock, sleep=time.sleep)

    async def work() -> list[float]:
        times = []
        for number in range(20):
            await pace.wait_turn(1)
            times.append(time.now)
            time.now += 60 if number == 3 else 0
        return times

    times = asyncio.run(work())
    assert times[5] - times[4] == pytest.approx(0, abs=1e-6)
    assert times[19] - times[5] == pytest.approx(1.4)


def test_without_a_rate_nothing_waits() -> None:
    assert sent(None, 1_500) == [(0.0, 500)] * 3
