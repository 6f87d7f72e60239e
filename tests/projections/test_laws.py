"""What every read model's fold owes: the same rows however its events are cut and interleaved."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from typing import Any

import asyncpg
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from consumers import projector
from events import common_types
from events.codec import encode
from events.envelope import RecordedEvent
from projections.migrate import physical_name
from projections.projection import BringsRows, Key, Projection
from projections.registry import ALL
from tests.examples import EXAMPLES
from tests.projections.spec import Tables, applied, event, loaded

_AT = "2026-11-02T12:00:05Z"
_VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((type_, {}) for type_ in EXAMPLES),
    *(("message_received.text", {"message_id": f"m-{n}", "text": f"text {n}"}) for n in (2, 3)),
    ("message.sent", {"message_id": "out-2", "by": "human", "provider_message_id": "p-2"}),
    ("message.sent", {"message_id": "out-1", "provider_message_id": "p-1"}),
    *(
        (f"message.{status}", {"message_id": None, "provider_message_id": f"p-{n}", "at": _AT})
        for status in ("delivered", "read", "failed", "unknown")
        for n in (1, 2)
    ),
    ("lead.fact_recorded", {"value": "Olinda", "by": "human"}),
    ("lead.fact_recorded", {"lead_id": "l-2", "name": "budget", "value": 10}),
    ("lead.qualified", {"lead_id": "l-2"}),
    ("handoff.requested", {"handoff_id": "h-2", "brief": "wants a person"}),
    ("handoff.completed", {"handoff_id": "h-2"}),
    ("followup.scheduled", {"followup_id": "f-2", "attempt": 2}),
    ("followup.sent", {"followup_id": "f-2", "attempt": 2}),
    ("openai.call_completed", {"cost": "0.0000001"}),
    ("memory.cleaned", {"message_ids": ["m-1", "m-2", "out-1"]}),
]
_CONVERSATIONS = ("c-1", "c-2", "c-3")
each_projection = pytest.mark.parametrize("projection", ALL, ids=lambda p: p.name)


def sequences(projection: Projection) -> st.SearchStrategy[list[RecordedEvent]]:
    """Made once for a projection, not for each example."""
    return _sequences(projection.reads)


@cache
def _sequences(reads: frozenset[str]) -> st.SearchStrategy[list[RecordedEvent]]:
    variants = [variant for variant in _VARIANTS if variant[0] in reads]
    drawn = st.lists(
        st.tuples(st.sampled_from(variants), st.sampled_from(_CONVERSATIONS)), max_size=20
    )
    return drawn.map(_recorded)


def _recorded(drawn: list[tuple[tuple[str, dict[str, Any]], str]]) -> list[RecordedEvent]:
    return [
        event(type_, conversation, number=number, **payload)
        for number, ((type_, payload), conversation) in enumerate(drawn, 1)
    ]


def rich_sequence() -> list[RecordedEvent]:
    return [
        event(type_, conversation, number=number, **payload)
        for number, (conversation, (type_, payload)) in enumerate(
            ((c, variant) for c in _CONVERSATIONS[:2] for variant in _VARIANTS), 1
        )
    ]


@each_projection
@settings(max_examples=40, deadline=None)
@for_all(data=st.data())
def test_cutting_a_batch_in_two_changes_no_row(projection: Projection, data: st.DataObject) -> None:
    events = data.draw(sequences(projection))
    first = data.draw(st.integers(0, len(events)))
    second = data.draw(st.integers(first, len(events)))
    stood = applied(projection, {}, events[:first])
    halves = applied(projection, stood, events[first:second])
    assert applied(projection, stood, events[first:]) == applied(
        projection, halves, events[second:]
    )


@each_projection
@settings(max_examples=40, deadline=None)
@for_all(data=st.data())
def test_events_of_common_types_give_the_same_rows_when_they_are_read_at_once(
    projection: Projection, data: st.DataObject
) -> None:
    events = data.draw(sequences(projection))
    read = [
        r._replace(event=common_types.read(encode(r.event).decode(), r.event.id) or r.event)
        for r in events
    ]
    assert applied(projection, {}, read) == applied(projection, {}, events)


@each_projection
@settings(max_examples=40, deadline=None)
@for_all(data=st.data())
def test_the_interleaving_of_conversations_changes_no_row(
    projection: Projection, data: st.DataObject
) -> None:
    events = data.draw(sequences(projection))
    order = data.draw(st.permutations(_CONVERSATIONS))
    reordered = sorted(events, key=lambda e: order.index(e.event.conversation_id))
    assert applied(projection, {}, events) == applied(projection, {}, reordered)


@each_projection
@settings(max_examples=40, deadline=None)
@for_all(data=st.data())
def test_a_fold_leaves_what_was_loaded_as_it_was(
    projection: Projection, data: st.DataObject
) -> None:
    events = data.draw(sequences(projection))
    cut = data.draw(st.integers(0, len(events)))
    state = loaded(projection, applied(projection, {}, events[:cut]), events[cut:])
    before = deepcopy(state)
    projection.fold(state, events[cut:])
    assert state == before


@each_projection
@settings(max_examples=40, deadline=None)
@for_all(data=st.data())
def test_who_says_that_it_looks_first_adds_only_what_it_looked_at(
    projection: Projection, data: st.DataObject
) -> None:
    events = data.draw(sequences(projection))
    looked_at = projection.touch(events)
    changes = projection.fold(loaded(projection, {}, events), events)
    for table in projection.tables:
        if table.looks_first:
            keys = set(looked_at[table.name])
            # One without its last part asks for all that begin like it.
            missed = [k for k in changes[table.name] if k not in keys and (*k[:-1], "") not in keys]
            assert missed == []


@pytest.mark.parametrize(
    "projection", [p for p in ALL if isinstance(p, BringsRows)], ids=lambda p: p.name
)
@settings(max_examples=100, deadline=None)
@for_all(data=st.data())
def test_a_row_that_events_bring_and_that_stands_would_be_added_again(
    projection: Any, data: st.DataObject
) -> None:
    events = data.draw(sequences(projection))
    cut = data.draw(st.integers(0, len(events)))
    stood, batch = applied(projection, {}, events[:cut]), events[cut:]
    known = projection.touch_known(batch)
    whole = loaded(projection, stood, batch)
    state = {
        name: {key: row for key, row in rows.items() if _is_named(key, known[name])}
        for name, rows in whole.items()
    }
    changes = projection.fold(state, batch)
    for table in projection.tables:
        unseen = {key for key in whole[table.name] if key not in state[table.name]}
        # Each of them is in the way of a copy: the batch is refused, and comes again.
        assert unseen <= changes[table.name].keys()
    if state == whole:
        assert changes == projection.fold(whole, batch)


def _is_named(key: Key, named: Iterable[Key]) -> bool:
    """By itself, or by a key without its last part, which asks for all that begin like it."""
    names = set(named)
    return key in names or (*key[:-1], "") in names


@each_projection
@pytest.mark.parametrize(("worth_a_copy", "hopeful"), [(1, False), (50, False), (1, True)])
async def test_postgres_holds_the_rows_that_the_fold_gives(
    projection: Projection,
    database_url: str,
    worth_a_copy: int,
    hopeful: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projector, "WORTH_A_COPY", worth_a_copy)
    events = [e for e in rich_sequence() if e.event.type in projection.reads]
    conn = await asyncpg.connect(database_url)
    try:
        expected: Tables = {}
        for start in range(0, len(events), 5):
            batch = events[start : start + 5]
            await projector.apply(conn, projection, batch)
            expected = applied(projection, expected, batch)
        assert await _standing(conn, projection) == expected
    finally:
        await conn.close()


@each_projection
async def test_tables_have_the_columns_of_their_rows(
    projection: Projection, database_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        for table in projection.tables:
            columns = await conn.fetch(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position",
                table.schema,
                physical_name(table, projection.version),
            )
            assert tuple(c["column_name"] for c in columns) == table.columns
    finally:
        await conn.close()


async def _standing(conn: asyncpg.Connection, projection: Projection) -> Tables:
    tables: Tables = {}
    for table in projection.tables:
        name = f"{table.schema}.{physical_name(table, projection.version)}"
        rows = [projector._row(table, r) for r in await conn.fetch(f"SELECT * FROM {name}")]
        tables[table.name] = {table.key_of(row): row for row in rows}
    return tables
