"""Percentiles, ratios and medians."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bench.figures import Figure, Target, figure, medians, percentile, ratio

delays = st.lists(st.floats(0, 1e6), min_size=1)


@given(delays, st.floats(0.01, 1))
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    below = [value for value in values if value < found]
    assert len(below) < share * len(values)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("delays_ms", "unanswered", "met"),
    [
        ([10.0] * 100, 0, True),
        ([10.0] * 98 + [60.0] * 2, 0, False),
        ([10.0], 1, False),
        ([], 0, None),
    ],
)
def test_a_target_is_met_when_all_its_bounds_hold_and_everything_is_answered(
    delays_ms: list[float], unanswered: int, met: bool | None
) -> None:
    line = figure("s", "c", delays_ms, target=Target(p50=15, p99=60), unanswered=unanswered)
    assert line.is_met is met


def test_a_ratio_is_between_the_same_percentiles() -> None:
    one, other = figure("s", "flood", [30.0]), figure("s", "alone", [20.0])
    found = ratio(one, other, target=Target(p99=1.5))
    assert (found.p50, found.p99, found.unit, found.case) == (1.5, 1.5, "times", "flood / alone")
    assert found.is_met is False
    assert ratio(one, figure("s", "alone", []), target=Target(p99=1.5)).is_met is None


def test_medians_are_of_each_value_over_the_runs() -> None:
    runs = [
        [figure("s", "c", [value], cpu_ms=cpu)] for value, cpu in ((1, 5.0), (9, 7.0), (4, 6.0))
    ]
    (found,) = medians(runs)
    assert isinstance(found, Figure)
    assert (found.p50, found.p99, found.cpu_ms, found.load) == (4, 4, 6.0, None)


def test_a_line_of_json_has_every_value_and_its_targets() -> None:
    told = figure("s", "c", [1.0], target=Target(p99=2)).as_json()
    assert {"scenario", "case", "count", "p50", "p99", "target_p99", "met", "unanswered"} <= set(
        told
    )
    assert told["met"] is True
