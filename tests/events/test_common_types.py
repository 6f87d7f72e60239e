"""Bodies of common types are read in one step, and say what they say when they are read in full."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from events.catalogue import CATALOGUE
from events.codec import decode
from events.common_types import read
from events.envelope import Event
from events.errors import InvalidEvent
from events.restoring import restored
from events.stand_ins import COMMON
from tests.events.payload_strategies import payloads
from tests.examples import body

_TIMES = (
    "2026-11-02T12:00:00Z",
    "2026-11-02T12:00:00.123456+00:00",
    "2026-11-02t12:00:00.9999999-03:00",
    "1999-12-31T23:59:59.1Z",
)


def in_full(raw: bytes) -> Event:
    event = decode(raw)
    return restored(
        raw.decode(),
        event.id,
        type_=event.type,
        version=event.version,
        occurred_at=event.occurred_at,
        company_id=event.company_id,
        conversation_id=event.conversation_id,
    )


def at_once(raw: bytes) -> Event | None:
    return read(raw.decode(), decode(raw).id)


def assert_says_the_same(found: Any, expected: BaseModel) -> None:
    assert isinstance(found, type(expected))
    for name in type(expected).model_fields:
        one, other = getattr(found, name), getattr(expected, name)
        if isinstance(other, BaseModel):
            assert_says_the_same(one, other)
        else:
            assert (one, type(one)) == (other, type(other))
    for exclude_none in (False, True):
        dumped = expected.model_dump(exclude_none=exclude_none)
        # The attributes' order is in it, as in a column of JSON.
        assert repr(found.model_dump(exclude_none=exclude_none)) == repr(dumped)


def assert_same(found: Event, expected: Event) -> None:
    assert repr(found[:-1]) == repr(expected[:-1])
    assert_says_the_same(found.payload, expected.payload)


@pytest.mark.parametrize("type_", sorted(COMMON))
@settings(max_examples=150)
@given(
    data=st.data(),
    cause=st.none() | st.uuids().map(str) | st.uuids().map(lambda found: str(found).upper()),
    conversation=st.sampled_from(["c-1", "ç\\n\u2028", "", None]),
    at=st.sampled_from(_TIMES),
    more=st.sampled_from([{}, {"tenant": {"a": [1]}}, {"specversion": None}, {"version": 2}]),
)
def test_what_is_read_at_once_is_what_is_read_in_full(
    type_: str,
    data: st.DataObject,
    cause: str | None,
    conversation: str | None,
    at: str,
    more: dict[str, Any],
) -> None:
    payload = data.draw(payloads(type_, CATALOGUE[type_].current))
    told = {**body(type_), "payload": payload, "causation_id": cause, "occurred_at": at}
    raw = orjson.dumps({**told, "conversation_id": conversation, **more})
    try:
        expected = in_full(raw)
    except InvalidEvent:
        return
    if (found := at_once(raw)) is not None:
        assert_same(found, expected)


@pytest.mark.parametrize("type_", sorted(COMMON))
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"causation_id": body("message.sent")["id"]},
        {"occurred_at": _TIMES[2]},
        {"tenant": "acme"},
    ],
)
@pytest.mark.parametrize(
    "given",
    [
        *({}, {"text": 'a "quoted"\nline\x7f'}, {"later": [1]}, {"contact": {"id": "é"}}),
        {"media": {"url": "https://media.example/1", "mime_type": "image/png", "caption": "c"}},
    ],
)
def test_an_ordinary_one_is_read_at_once(
    type_: str, changes: dict[str, Any], given: dict[str, Any]
) -> None:
    raw = orjson.dumps({**body(type_, **given), **changes})
    found = at_once(raw)
    assert found is not None
    assert_same(found, in_full(raw))


@pytest.mark.parametrize("name", ["message_id", "channel"])
@pytest.mark.parametrize("value", ["", "a\tb", "a\x7fb", "x" * 201, 5, None])
def test_what_the_model_refuses_is_left(name: str, value: Any) -> None:
    """Though it was taken once: a shape may have become stricter."""
    sent = body("message.sent")
    with pytest.raises(InvalidEvent):
        decode(orjson.dumps({**sent, "payload": {**sent["payload"], name: value}}))
    raw = orjson.dumps({**sent, "payload": {**sent["payload"], name: value}})
    assert read(raw.decode(), decode(orjson.dumps(sent)).id) is None


@pytest.mark.parametrize(
    "told",
    [
        body("message.read"),
        body("message_received.text", text="a\x00b"),
        body("message.sent", text=None),
        {**body("message.sent"), "version": 2},
        {**body("message.sent"), "conversation_id": None},
        {**body("message.sent"), "occurred_at": "2026-11-02T12:00:00"},
        {**body("message.sent"), "causation_id": "?"},
        {**body("message.sent"), "specversion": "1.0"},
        {**body("message.sent"), "source": 5},
    ],
)
def test_what_is_not_ordinary_is_left(told: dict[str, Any]) -> None:
    assert read(orjson.dumps(told).decode(), decode(orjson.dumps(body("message.sent"))).id) is None
