"""Over how many lanes a member's partitions are spread, and which move for it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumers.spread import Spread, evened_out

LANES, BATCH = 3, 1000
LONG, MIDDLING, SHORT = 500, 300, 125


def spread() -> Spread:
    return Spread(lanes=LANES, batch_events=BATCH)


def wide() -> Spread:
    found = spread()
    for _ in range(3):
        found.saw(LONG, leaves_work=False)
    assert (found.lanes, found.changed.is_set()) == (LANES, True)
    found.changed.clear()
    return found


def test_one_lane_has_all_at_first_and_while_batches_are_not_long() -> None:
    found = spread()
    for _ in range(1000):
        found.saw(LONG - 1, leaves_work=False)
    assert (found.lanes, found.changed.is_set()) == (1, False)


@pytest.mark.parametrize(("events", "leaves_work"), [(LONG, False), (1, True)])
def test_long_batches_or_work_that_is_left_spread_it_not_one_or_two(
    events: int, leaves_work: bool
) -> None:
    found = spread()
    for _ in range(10):
        found.saw(events, leaves_work=leaves_work)
        found.saw(events, leaves_work=leaves_work)
        found.saw(SHORT, leaves_work=False)
    assert (found.lanes, found.changed.is_set()) == (1, False)
    for _ in range(3):
        found.saw(events, leaves_work=leaves_work)
    assert (found.lanes, found.changed.is_set()) == (LANES, True)


def test_many_short_batches_in_a_row_bring_it_back_to_one() -> None:
    found = wide()
    for _ in range(99):
        found.saw(SHORT, leaves_work=False)
    assert found.lanes == LANES
    found.saw(SHORT, leaves_work=False)
    assert (found.lanes, found.changed.is_set()) == (1, True)


@pytest.mark.parametrize(("events", "leaves_work"), [(MIDDLING, False), (1, True)])
def test_one_batch_that_is_not_short_keeps_it_spread(events: int, leaves_work: bool) -> None:
    found = wide()
    for _ in range(10):
        for _ in range(99):
            found.saw(SHORT, leaves_work=False)
        found.saw(events, leaves_work=leaves_work)
    assert (found.lanes, found.changed.is_set()) == (LANES, False)


def test_a_load_that_came_back_to_one_lane_does_not_flap() -> None:
    found = wide()
    for _ in range(100):
        found.saw(SHORT, leaves_work=False)
    found.changed.clear()
    # One lane has in a batch what the three had, and does not call it long.
    for _ in range(1000):
        found.saw(LANES * SHORT, leaves_work=False)
    assert (found.lanes, found.changed.is_set()) == (1, False)


def test_a_member_with_one_lane_never_changes() -> None:
    found = Spread(lanes=1, batch_events=BATCH)
    for _ in range(10):
        found.saw(BATCH, leaves_work=True)
    assert (found.lanes, found.changed.is_set()) == (1, False)


@given(
    st.dictionaries(st.integers(0, 1023), st.integers(0, LANES - 1), max_size=40),
    st.integers(1, LANES),
)
@example(dict.fromkeys(range(5), 0) | dict.fromkeys(range(5, 10), 1), 3)
def test_partitions_are_shared_fairly_by_the_first_lanes_and_as_few_as_possible_move(
    owners: dict[int, int], lanes: int
) -> None:
    moved = evened_out(owners, lanes)
    after = [list((owners | moved).values()).count(lane) for lane in range(LANES)]
    assert sum(after[:lanes]) == len(owners)
    assert max(after[:lanes]) - min(after[:lanes]) <= 1
    assert all(owners[partition] != lane for partition, lane in moved.items())
    # Who has most keeps the larger share: less cannot move.
    before = sorted((list(owners.values()).count(lane) for lane in range(lanes)), reverse=True)
    base, extra = divmod(len(owners), lanes)
    kept = sum(min(had, base + (rank < extra)) for rank, had in enumerate(before))
    assert len(owners) - len(moved) == kept
    assert evened_out(owners | moved, lanes) == {}
