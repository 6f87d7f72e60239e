"""The rules against labelled chat messages they were not written for.

`development.jsonl` was read while the rules were written and is only reported; the targets must hold on
`held_out.jsonl` and on `unseen.jsonl`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.extraction.scoring import KINDS, Score, read_labelled, score, table

HERE = Path(__file__).parent
REPORTED = ("development", "held_out", "unseen")
MEASURED = ("held_out", "unseen")
PRECISION = 0.97
RECALL = 0.92


@cache
def scores(name: str) -> dict[str, Score]:
    return score(read_labelled(HERE / f"{name}.jsonl"))


@pytest.mark.parametrize("name", REPORTED)
def test_the_labelled_messages_are_there_and_their_figures_are_reported(name: str) -> None:
    print(f"\n{name}.jsonl\n{table(scores(name))}")
    assert all(one.labelled > 0 for one in scores(name).values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MEASURED)
def test_a_kind_reaches_its_precision_and_recall_on_unread_messages(name: str, kind: str) -> None:
    found = scores(name)
    assert found[kind].precision >= PRECISION, table(found)
    assert found[kind].recall >= RECALL, table(found)
