"""Rates, their part of the floor's, and medians."""

from __future__ import annotations

import pytest

from runtime.bench.rates import Bound, Cost, Rate, compared, median_rates, rate


def line(events: int, wall_s: float, *, floor: Rate | None = None, least: float = 0.5) -> Rate:
    cost = Cost(wall_s, cpu_s=2.0, phases_s={"fill": 1.5})
    return rate("s", "c", events, cost, floor=floor, bound=Bound(at_least=least))


@pytest.mark.parametrize(("wall_s", "met"), [(2.0, True), (2.1, False)])
def test_a_rate_is_met_by_its_part_of_the_floors(wall_s: float, met: bool) -> None:
    found = line(100, wall_s, floor=line(100, 1.0))
    assert found.value == pytest.approx(100 / wall_s)
    assert found.ratio == pytest.approx(1 / wall_s)
    assert found.is_met is met


def test_the_floor_itself_has_no_target() -> None:
    assert line(100, 1.0).is_met is None


@pytest.mark.parametrize(
    ("bound", "met"), [(Bound(at_least=1.6), True), (Bound(at_most=1.9), False), (Bound(), None)]
)
def test_a_comparison_is_met_within_its_bounds(bound: Bound, met: bool | None) -> None:
    found = compared("2 / 1", line(10, 1.0), 20.0, 10.0, bound=bound)
    assert (found.value, found.unit, found.is_met) == (2.0, "times", met)


def test_medians_are_of_values_and_ratios() -> None:
    floor = line(100, 1.0)
    runs = [[line(100, wall_s, floor=floor)] for wall_s in (1.0, 4.0, 2.0)]
    (found,) = median_rates(runs)
    assert (found.value, found.ratio, found.cost) == (50.0, 0.5, None)
    assert found.case == "c, median of 3"


def test_a_line_tells_machines_everything_and_people_what_an_event_costs() -> None:
    found = line(100, 2.0, floor=line(100, 1.0))
    told = found.as_json()
    assert told["phases_s"] == {"fill": 1.5}
    assert (told["wall_s"], told["target_at_least"], told["met"]) == (2.0, 0.5, True)
    assert found.as_row()["cpu us/event"] == 20_000
