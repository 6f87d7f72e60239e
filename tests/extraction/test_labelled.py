"""The rules against labelled chat messages they were not written for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.extraction.scoring import KINDS, Score, read_labelled, score, table

HELD_OUT = Path(__file__).parent / "held_out.jsonl"
PRECISION = 0.97
RECALL = 0.92


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    scores = score(read_labelled(HELD_OUT))
    print(f"\n{table(scores)}")
    return scores


def test_the_labelled_messages_are_there() -> None:
    assert HELD_OUT.is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_reaches_its_precision_and_recall_on_unseen_messages(
    scores: dict[str, Score], kind: str
) -> None:
    assert scores[kind].labelled > 0
    assert scores[kind].precision >= PRECISION, table(scores)
    assert scores[kind].recall >= RECALL, table(scores)
