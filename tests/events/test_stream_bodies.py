"""Bodies of common types are read from a stream in one step, and give what `decode` gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.codec import MAX_EVENT_BYTES, decode
from events.envelope import Event
from events.errors import InvalidEvent
from events.stand_ins import COMMON
from events.stream_bodies import common, event_of
from tests.events.payload_strategies import payloads
from tests.events.test_common_types import assert_same
from tests.events.test_ordinary import _FIELDS, _ODD
from tests.examples import body

_SENT = body("message.sent")
_MORE = {"url": "https://media.example/1", "mime_type": "image/png", "caption": "c"}


def assert_as_decoded(raw: bytes) -> bool:
    """Whether it is read in one step."""
    found = common(raw)
    if found is None:
        return False
    assert_same(found, decode(raw))
    return True


@pytest.mark.parametrize("type_", sorted(COMMON))
@pytest.mark.parametrize(
    "given",
    [{}, {"text": 'a "quoted"\nline\x7f é\u2028'}, {"media": _MORE}, {"contact": {"id": "é"}}],
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"conversation_id": None},
        {"conversation_id": ""},
        {"causation_id": _SENT["id"].upper(), "id": _SENT["id"].upper()},
        {"occurred_at": "2026-11-02T12:00:00.123456789-00:00"},
    ],
)
def test_an_ordinary_one_is_read_in_one_step(
    type_: str, given: dict[str, Any], changes: dict[str, Any]
) -> None:
    if type_ == "message_received.text":
        # Whatever it does not know is looked at in full.
        given = {name: value for name, value in given.items() if name != "media"}
    raw = orjson.dumps({**body(type_, **given), **changes})
    assert assert_as_decoded(raw)
    assert_same(event_of(raw), decode(raw))


@pytest.mark.parametrize("type_", sorted(COMMON))
@settings(max_examples=150)
@given(data=st.data())
def test_any_payload_is_read_as_it_is_decoded(type_: str, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from(sorted(CATALOGUE[type_].versions)))
    payload = data.draw(payloads(type_, version))
    assert_as_decoded(orjson.dumps({**body(type_), "version": version, "payload": payload}))


@pytest.mark.parametrize("field", _FIELDS)
@pytest.mark.parametrize("value", _ODD, ids=repr)
def test_an_odd_value_is_taken_only_where_it_is_decoded(field: str, value: Any) -> None:
    assert_as_decoded(orjson.dumps({**_SENT, field: value}))


@pytest.mark.parametrize("digits", range(1, 37))
def test_digits_of_one_id_do_not_count_for_the_other(digits: int) -> None:
    both = _SENT["id"] * 2
    for at in (36 - digits, 36 + digits):
        changes = {"id": both[:at], "causation_id": both[at:]}
        assert not assert_as_decoded(orjson.dumps({**_SENT, **changes}))


@pytest.mark.parametrize("field", sorted(_SENT["payload"].keys() | {"media", "by", "colour"}))
@pytest.mark.parametrize("value", _ODD, ids=repr)
def test_an_odd_value_of_a_payload_is_taken_only_where_it_is_decoded(
    field: str, value: Any
) -> None:
    assert_as_decoded(orjson.dumps({**_SENT, "payload": {**_SENT["payload"], field: value}}))


@pytest.mark.parametrize("field", _FIELDS)
def test_a_field_that_is_not_there_is_missed(field: str) -> None:
    assert_as_decoded(orjson.dumps({name: v for name, v in _SENT.items() if name != field}))


_RAW = orjson.dumps(_SENT)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'"message.sent"',
        b'{"type":"message.sent"',
        _RAW[:-1],
        _RAW + b"x",
        # Bytes that are no text, in what nobody knows and in what is known.
        _RAW[:-1] + b',"colour":"\xff"}',
        _RAW.replace(b'"payload":{', b'"payload":{"colour":"\xff",'),
        _RAW.replace(b'"source":"', b'"source":"\xff'),
        # What one parser takes for a text or a number, and another does not.
        _RAW.replace(b'"source":"', b'"source":"\\ud800'),
        _RAW.replace(b'"source":"', b'"source":"\n'),
        _RAW.replace(b'"source":"', b'"source":"\x7f'),
        _RAW.replace(b'"version":1', b'"version":1.0'),
        _RAW.replace(b'"version":1', b'"version":1e0'),
        _RAW.replace(b'"version":1', b'"version":01'),
        _RAW.replace(b'"payload":{', b'"payload":{"colour":NaN,'),
        # Said twice: the last counts.
        _RAW.replace(b'"version":1', b'"version":1,"version":2'),
        _RAW[:-1] + b',"type":"message_received.text"}',
        _RAW[:-1] + b',"type":"nobody.knows"}',
        _RAW[:-1] + b',"company_id":"other"}',
        _RAW[:-1] + b',"payload":{}}',
    ],
    ids=repr,
)
def test_what_parsers_may_take_in_two_ways_is_taken_as_it_is_decoded(raw: bytes) -> None:
    taken = assert_as_decoded(raw)
    if (refusal := refused(decode, raw)) is not None:
        assert not taken
        assert refused(event_of, raw) == refusal
    else:
        assert_same(event_of(raw), decode(raw))


def refused(read: Callable[[bytes], Event], raw: bytes) -> str | None:
    try:
        read(raw)
    except InvalidEvent as error:
        return str(error)
    return None


def test_what_is_too_large_is_left() -> None:
    raw = orjson.dumps(body("message.sent", text="x" * MAX_EVENT_BYTES))
    assert common(raw) is None


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_ends_of_time_are_left(year: str) -> None:
    raw = orjson.dumps({**_SENT, "occurred_at": f"{year}-01-01T00:00:00Z"})
    assert common(raw) is None
    assert_same(event_of(raw), decode(raw))
