"""The rules against labelled chat messages they were not written for.

| file | what it is |
|---|---|
| `development.jsonl` | read while the rules were written; its figures are only reported |
| `held_out.jsonl` | measured once before anybody who writes rules read it: recall of names was 0.80 then |
| `unseen.jsonl` | written without knowledge of the rules and measured once before it was read: recall of names was 0.86 then |
| `fresh.jsonl` | names and what resembles them, written apart after the rules had been widened by the two before and measured once before it was read: names 0.96 / 0.92, cities 0.97 / 0.88 then |
| `sealed.jsonl` | 888 messages of great variety, written apart and measured once before they were read: names 0.960 / 0.706, cities 0.966 / 0.855 then, every other kind ≥ 0.98 |
| `second_sealed.jsonl` | 1024 messages, and 15 more that say what `sealed.jsonl` says, written apart and measured once before they were read: names 0.996 / 0.930, cities 0.981 / 0.884, dates 0.985 / 0.992, every other kind 1.00 then |
| `third_sealed.jsonl` | 695 messages, written apart and measured once before they were read: names 1.000 / 0.891, cities 0.988 / 0.937, dates 0.925 / 0.980, phones 0.976 / 1.000, every other kind 1.00 then |
| `fourth_sealed.jsonl` | 801 messages, written apart and measured once before they were read: names 0.994 / 0.755, e-mails 0.967 / 0.967, cities 0.938 / 0.830, dates 0.971 / 1.000, money 0.988 / 1.000, every other kind 1.00 then; eight cities were labelled by what the message called them ("Floripa") and have their official names now |
| `fifth_sealed.jsonl` | 800 messages, written apart by somebody who knew no rule and measured once before they were read: names 0.968 / 0.989, cities 0.959 / 0.943, dates 0.971 / 1.000, every other kind 1.00 then (rules without the weights: names 0.989 / 0.930, cities 0.966 / 0.919) |
| `sixth_sealed.jsonl` | 982 messages, written apart by somebody who knew no rule and measured once: names 0.989 / 0.982, cities 0.992 / 0.958, phones 1.000 / 0.968, dates 0.986 / 0.993, money 0.992 / 1.000, every other kind 1.00 then. Nobody who writes rules has read it, and no weight is fitted to it: let it stay so |

All but the last have been read since their one measurement, the rules were generalised by what they showed, and the
weights of what no rule decides are fitted to them: what is reached on them now says that nothing was lost,
not what is reached on text nobody has read. `python -m tests.extraction.fitting --apart fourth_sealed` says
more: it fits the weights to all sets but one and measures on that one. The floors are therefore above the
targets (0.97 and 0.92), and hold for every kind; of the set that nobody has read the targets are asked.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.extraction.scoring import KINDS, Score, read_labelled, score, table

HERE = Path(__file__).parent
MEASURED = (
    "held_out",
    "unseen",
    "fresh",
    "sealed",
    "second_sealed",
    "third_sealed",
    "fourth_sealed",
    "fifth_sealed",
    "sixth_sealed",
)
REPORTED = ("development", *MEASURED)
PRECISION = 0.98
RECALL = 0.97
UNREAD = {"sixth_sealed": (0.97, 0.92)}
# What was reached stays reached.
HELD_RECALL = {"sealed": 0.99, "second_sealed": 0.99, "third_sealed": 0.99}


@cache
def scores(name: str) -> dict[str, Score]:
    return score(read_labelled(HERE / f"{name}.jsonl"))


@pytest.mark.parametrize("name", REPORTED)
def test_the_labelled_messages_are_there_and_their_figures_are_reported(name: str) -> None:
    print(f"\n{name}.jsonl\n{table(scores(name))}")
    assert all(scores(name)[kind].labelled > 0 for kind in KINDS)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in MEASURED for kind in KINDS])
def test_a_kind_reaches_its_precision_and_recall_on_measured_messages(name: str, kind: str) -> None:
    found = scores(name)
    precision, recall = UNREAD.get(name, (PRECISION, HELD_RECALL.get(name, RECALL)))
    assert found[kind].precision >= precision, table(found)
    assert found[kind].recall >= recall, table(found)
