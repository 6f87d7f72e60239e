"""What is decoded in one go is decoded as the rules, looked at one by one, say."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import codec
from events.catalogue import CATALOGUE
from events.errors import InvalidEvent
from tests.events.payload_strategies import payloads
from tests.examples import body

_TEXT = body("message_received.text")
_ODD: list[Any] = [None, "", "a", "a" * 64, "a" * 65, "a" * 200, "a" * 201, "á ", "\x00", "a\x7f"]
_ODD += [0, 1, 2, -1, 1.0, True, [], {}, ["a"], "2026-11-02T12:00:00Z", "2026-02-30T12:00:00Z"]
_ODD += ["2026-11-02t12:00:00.123456789-03:00", "0190A000-0000-7000-8000-000000000001", "\\u0000"]
_FIELDS = (*_TEXT, "specversion", "colour")


def in_full(raw: bytes) -> Any:
    try:
        return codec._any(raw)
    except InvalidEvent as error:
        return str(error)


def assert_as_in_full(raw: bytes) -> bool:
    found = codec._ordinary(raw)
    if found is None:
        return False
    expected = in_full(raw)
    assert found == expected
    assert repr(found) == repr(expected)
    return True


@pytest.mark.parametrize("type_", list(CATALOGUE))
def test_every_type_s_example_is_ordinary(type_: str) -> None:
    assert assert_as_in_full(orjson.dumps(body(type_)))


@pytest.mark.parametrize("type_", list(CATALOGUE))
@settings(max_examples=20)
@given(data=st.data())
def test_any_payload_is_decoded_as_in_full(type_: str, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from(sorted(CATALOGUE[type_].versions)))
    payload = data.draw(payloads(type_, version))
    assert_as_in_full(orjson.dumps({**body(type_), "version": version, "payload": payload}))


@pytest.mark.parametrize("field", _FIELDS)
@pytest.mark.parametrize("value", _ODD, ids=repr)
def test_an_odd_value_is_taken_only_where_the_rules_take_it(field: str, value: Any) -> None:
    assert_as_in_full(orjson.dumps({**_TEXT, field: value}))


@pytest.mark.parametrize("field", _FIELDS)
def test_a_field_that_is_not_there_is_missed(field: str) -> None:
    told = {name: value for name, value in _TEXT.items() if name != field}
    assert_as_in_full(orjson.dumps(told))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"null", b'"a"', b"\xff", b"[{}]"])
def test_what_is_no_object_is_not_ordinary(raw: bytes) -> None:
    assert not assert_as_in_full(raw)


@pytest.mark.parametrize("opens", ["[", '{"":'])
@pytest.mark.parametrize("spaces", [0, 1, 300])
@pytest.mark.parametrize("levels", [197, 198, 199, 200, 201, 202])
def test_nothing_that_is_nested_too_deep_is_ordinary(opens: str, spaces: int, levels: int) -> None:
    closes = "]" if opens == "[" else "}"
    deep = opens * levels + "0" + closes * levels
    raw = orjson.dumps({**_TEXT, "payload": {**_TEXT["payload"], "": 0}})
    raw = raw.replace(b'"":0', b'"":' + deep.encode()) + b" " * spaces
    ordinary = assert_as_in_full(raw)
    assert not (ordinary and isinstance(in_full(raw), str))


def test_the_shortest_body_that_is_nested_too_deep_is_not_short() -> None:
    told = {**_TEXT, "company_id": "a", "conversation_id": "b", "source": "c"}
    told |= {"correlation_id": "d", "occurred_at": "2026-11-02T12:00:00Z", "payload": {}}
    shortest = min(len(orjson.dumps({**told, "type": type_})) for type_ in CATALOGUE)
    assert shortest + 2 * codec._MAX_DEPTH > codec._SHORT - len(b"{}")


@pytest.mark.parametrize("text", ["a\x00b", "a\\u0000b", "\\", '"\\', "\\\\u0000"])
def test_what_may_be_the_zero_character_is_looked_at_in_full(text: str) -> None:
    assert_as_in_full(orjson.dumps(body("message_received.text", text=text)))
