"""Events become trees: each is there once, whatever their causes say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import RecordedEvent
from runtime.history.forest import Link, Node, forest
from tests.projections.spec import event


def recorded(number: int, cause: int | None, correlation: str = "", at: int = 0) -> RecordedEvent:
    made = event("turn.completed", number=number)
    its = made.event._replace(
        causation_id=None if cause is None else id_(cause),
        correlation_id=correlation or f"own-{number}",
    )
    return made._replace(event=its, recorded_at=made.recorded_at + timedelta(seconds=at or number))


def id_(number: int) -> UUID:
    return UUID(f"0190a000-0000-7000-8000-{number:012d}")


def shape(nodes: Sequence[Node]) -> list[tuple[int, int, str]]:
    return [(n.recorded.position, n.depth, n.link.value) for n in nodes]


def test_effects_are_below_their_cause_and_correlated_ones_below_the_oldest() -> None:
    events = [
        recorded(5, 2),
        recorded(1, None, "a"),
        recorded(2, 1, "b"),
        recorded(3, None, "a"),
        recorded(4, None),
    ]
    assert shape(forest(events, frozenset())) == [
        (1, 0, "root"),
        (2, 1, "causation"),
        (5, 2, "causation"),
        (3, 1, "correlation"),
        (4, 0, "root"),
    ]


def test_a_cause_that_is_not_there_makes_a_root_that_says_why() -> None:
    nodes = forest([recorded(1, 77), recorded(2, 78)], frozenset({id_(78)}))
    assert shape(nodes) == [(1, 0, "cause_not_in_log"), (2, 0, "cause_not_shown")]


def test_causes_in_a_circle_are_cut_where_it_closes() -> None:
    nodes = forest([recorded(1, 3), recorded(2, 1), recorded(3, 2), recorded(4, 4)], frozenset())
    assert shape(nodes) == [
        (3, 0, "causes_in_a_circle"),
        (2, 1, "causation"),
        (1, 2, "causation"),
        (4, 0, "causes_in_a_circle"),
    ] or {n.link for n in nodes} == {Link.CIRCLE, Link.CAUSATION}
    assert sorted(n.recorded.position for n in nodes) == [1, 2, 3, 4]


def test_a_very_long_chain_has_every_event() -> None:
    nodes = forest([recorded(n, n - 1 or None) for n in range(1, 20_001)], frozenset())
    assert [n.depth for n in nodes] == list(range(20_000))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 14)),
            st.sampled_from("abc"),
            st.integers(1, 5),
        ),
        max_size=12,
    )
)
def test_no_data_hangs_or_loses_an_event(drawn: list[tuple[int | None, str, int]]) -> None:
    events = [recorded(n, cause, name, at) for n, (cause, name, at) in enumerate(drawn)]
    nodes = forest(events, frozenset())
    assert sorted(n.recorded.position for n in nodes) == list(range(len(events)))
    seen: dict[UUID, int] = {}
    for node in nodes:
        assert (node.parent is None) == (node.depth == 0)
        if node.parent is not None:
            assert seen[node.parent.event.id] == node.depth - 1
        seen[node.recorded.event.id] = node.depth
    roots = [(n.recorded.recorded_at, n.recorded.position) for n in nodes if n.depth == 0]
    assert roots == sorted(roots)
