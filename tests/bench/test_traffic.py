from __future__ import annotations

from itertools import pairwise

import pytest

from runtime.bench.traffic import Rhythm


def test_without_a_seed_each_message_is_due_at_the_beginning_of_its_place() -> None:
    assert list(Rhythm(4.0, 1.0, 0.0).due_s()) == [0.0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("seed", [1, 2])
def test_with_a_seed_each_is_due_somewhere_in_its_place_and_there_in_each_run(seed: int) -> None:
    rhythm = Rhythm(20.0, 30.0, 3.0, seed)
    due = list(rhythm.due_s())
    assert len(due) == rhythm.messages == 600
    assert [int(at * 20) for at in due] == list(range(600))
    assert due == list(rhythm.due_s())
    gaps = {round(after - before, 3) for before, after in pairwise(due)}
    assert len(gaps) > 50


def test_two_seeds_are_not_in_step() -> None:
    one, other = (list(Rhythm(10.0, 10.0, 0.0, seed).due_s()) for seed in (1, 2))
    apart = [abs(a - b) for a, b in zip(one, other, strict=True)]
    assert sum(ms < 0.01 for ms in apart) < 30
