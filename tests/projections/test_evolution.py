"""An event gives the same rows in whichever version it was sent."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.codec import decode, encode
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.schemas import GOLDEN
from projections.registry import ALL
from tests.events.payload_strategies import payloads
from tests.examples import body
from tests.projections.golden_rows import PINNED, rows_of
from tests.projections.spec import RECORDED_AT, Tables, applied, event

PINS: dict[str, Any] = orjson.loads(PINNED.read_bytes())
EARLIER = [
    (name, v) for name, known in CATALOGUE.items() for v in known.versions if v < known.current
]


def after(sent: Event) -> list[Tables]:
    """Each projection's tables after the event, which came behind a message that went out."""
    before = event("message.sent", number=1, message_id="out-1", by=None)
    recorded = RecordedEvent(sent, before.partition, 2, EntryId(2, 0), RECORDED_AT)
    return [applied(p, applied(p, {}, [before]), [recorded]) for p in ALL]


def test_the_rows_of_every_golden_event_are_pinned() -> None:
    assert set(PINS) == {path.stem for path in GOLDEN.glob("*.json")}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_golden_event_gives_the_rows_that_it_always_gave(path: Any) -> None:
    assert rows_of(path.read_bytes()) == PINS[path.stem]


@pytest.mark.parametrize(("type_", "version"), EARLIER)
@given(data=st.data())
def test_an_event_gives_the_same_rows_in_an_earlier_version_and_in_the_current_one(
    type_: str, version: int, data: st.DataObject
) -> None:
    payload = data.draw(payloads(type_, version))
    old = decode(orjson.dumps({**body(type_, 2), "version": version, "payload": payload}))
    new = decode(encode(old))
    assert new.version == CATALOGUE[type_].current

    assert after(old) == after(new)


@pytest.mark.parametrize("name", ["retrieved", "no_match", "failed"])
@given(ms=st.integers(0, 2**53))
def test_a_renamed_attribute_reaches_the_same_column(name: str, ms: int) -> None:
    payload = body(f"rag.{name}")["payload"]
    payload.pop("duration_ms")
    columns = []
    for version, key in ((1, "ms"), (2, "duration_ms")):
        sent = {**body(f"rag.{name}"), "version": version, "payload": {**payload, key: ms}}
        columns.append([row["ms"] for row in rows_of(orjson.dumps(sent))["rag_queries"]])

    assert columns == [[ms], [ms]]
