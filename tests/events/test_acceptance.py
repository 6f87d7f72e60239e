"""A body is taken for publishing exactly when the rules, looked at one by one, take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import acceptance
from events.catalogue import CATALOGUE
from events.codec import MAX_EVENT_BYTES
from events.errors import InvalidEvent
from events.payload import OneOf
from events.shapes import shape_of
from tests.events.payload_strategies import payloads
from tests.examples import body

_TEXT = body("message_received.text")
_ODD: list[Any] = [None, "", "a", "a" * 64, "a" * 65, "a" * 200, "a" * 201, "á ", "\x00", "a\x7f"]
_ODD += [0, 1, 2, -1, 1.0, True, [], {}, ["a"], [None], "2026-11-02T12:00:00Z"]
_ODD += ["2026-02-30T12:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
_ODD += ["2026-11-02T12:00:00+99:00", "2026-11-02T12:00:00", "20261102T120000Z", "\\u0000"]
_ODD += ["2026-11-02t12:00:00.123456789-03:00", "0190A000-0000-7000-8000-000000000001", "1e400"]
_ODD += ["0190a000-0000-7000-8000-000000000001\n", "2026-11-02T12:00:00Z\n", "٢026-11-02T12:00:00Z"]
_ODD += [2**53 + 1, 2**64 - 1, 1e300, {"id": ""}, {"id": "a", "name": 7}, "a\n", "bot"]
_FIELDS = (*_TEXT, *({"causation_id"} - _TEXT.keys()), "specversion", "colour")


def taken(raw: bytes) -> bool:
    """Whether the quick way takes it; never what the rules refuse, and with the same place."""
    found = acceptance._ordinary(raw)
    if found is None:
        return False
    event = acceptance.publishable(raw)
    assert found == (event.company_id, event.conversation_id)
    return True


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a value with every key in it."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("type_", list(CATALOGUE))
def test_every_type_s_example_is_taken_the_quick_way(type_: str) -> None:
    assert taken(orjson.dumps(body(type_)))


@pytest.mark.parametrize("type_", list(CATALOGUE))
@settings(max_examples=20)
@given(data=st.data())
def test_any_payload_is_taken_as_in_full(type_: str, data: st.DataObject) -> None:
    version = data.draw(st.sampled_from(sorted(CATALOGUE[type_].versions)))
    payload = data.draw(payloads(type_, version))
    taken(orjson.dumps({**body(type_), "version": version, "payload": payload}))


@pytest.mark.parametrize("field", _FIELDS)
@pytest.mark.parametrize("value", _ODD, ids=repr)
def test_an_odd_value_is_taken_only_where_the_rules_take_it(field: str, value: Any) -> None:
    taken(orjson.dumps({**_TEXT, field: value}))


@pytest.mark.parametrize("digits", range(1, 37))
def test_digits_of_one_id_do_not_count_for_the_other(digits: int) -> None:
    both = _TEXT["id"] * 2
    for at in (36 - digits, 36 + digits):
        changes = {"id": both[:at], "causation_id": both[at:]}
        assert not taken(orjson.dumps({**_TEXT, **changes}))


@pytest.mark.parametrize("of", [str, str.upper])
def test_a_cause_is_taken_the_quick_way(of: Callable[[str], str]) -> None:
    assert taken(orjson.dumps({**_TEXT, "causation_id": of(_TEXT["id"])}))


@pytest.mark.parametrize("type_", list(CATALOGUE))
def test_an_odd_value_anywhere_in_a_payload_is_taken_only_where_the_rules_take_it(
    type_: str,
) -> None:
    count = len(list(places(body(type_)["payload"])))
    for number in range(count):
        for value in _ODD:
            changed = deepcopy(body(type_))
            holder, key = list(places(changed["payload"]))[number]
            holder[key] = value
            taken(orjson.dumps(changed))


@pytest.mark.parametrize("type_", list(CATALOGUE))
def test_a_payload_without_one_of_its_values_is_taken_only_where_the_rules_take_it(
    type_: str,
) -> None:
    for number in range(len(list(places(body(type_)["payload"])))):
        changed = deepcopy(body(type_))
        holder, key = list(places(changed["payload"]))[number]
        del holder[key]
        taken(orjson.dumps(changed))


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"7", b"null", b'"type"', b"\xff", b"[{}]"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        acceptance.place_of(raw)


@pytest.mark.parametrize("levels", [198, 199, 200, 201, 202])
def test_nothing_that_is_nested_too_deep_is_taken(levels: int) -> None:
    raw = orjson.dumps({**_TEXT, "payload": {**_TEXT["payload"], "": 0}})
    taken(raw.replace(b'"":0', b'"":' + b"[" * levels + b"0" + b"]" * levels))


@pytest.mark.parametrize(
    ("type_", "names"),
    [(type_, of.model.one_of) for type_, of in CATALOGUE.items() if issubclass(of.model, OneOf)],
)
def test_of_two_fields_one_must_be_given(type_: str, names: tuple[str, str]) -> None:
    payload = {n: v for n, v in body(type_)["payload"].items() if n not in names}
    for absent in (payload, {**payload, **dict.fromkeys(names)}):
        with pytest.raises(InvalidEvent, match=f"{names[0]} or {names[1]} is required"):
            acceptance.place_of(orjson.dumps({**body(type_), "payload": absent}))
    for name in names:
        value = {"url": "https://media.example/1", "mime_type": "a/b"} if name == "media" else "a"
        given_one = {**body(type_), "payload": {**payload, name: value}}
        assert taken(orjson.dumps(given_one))


@pytest.mark.parametrize("conversation", [None, ""])
def test_a_company_wide_event_has_no_conversation(conversation: str | None) -> None:
    told = {**_TEXT, "conversation_id": conversation}
    assert acceptance._ordinary(orjson.dumps(told)) == ("acme", "")
    del told["conversation_id"]
    assert acceptance._ordinary(orjson.dumps(told)) == ("acme", "")


_FRAGMENTS = [b"\xff", b"\xed\xa0\x80", b"\x00", b"\n", b"\x1f", b"\x7f", b"\\", b"\\n", b"\\u001f"]
_FRAGMENTS += [
    b"\\u007f",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\\u0061",
    b'\\"',
    b'"',
    b",",
]
_FRAGMENTS += [b"{", b"}", b"[", b"]", b":", b"0", b"-", b"1e400", b"1" * 30, b"9" * 400, b"null"]
_FRAGMENTS += [
    b'"type":"message.sent",',
    b'"id":7,',
    b'"at":"\xff",',
    b'"a":1e999,',
    b" ",
    b"\xc3\xa1",
]


@pytest.mark.parametrize("type_", list(CATALOGUE))
@settings(max_examples=60)
@given(data=st.data())
def test_bytes_that_something_happened_to_are_taken_only_where_the_rules_take_them(
    type_: str, data: st.DataObject
) -> None:
    raw = orjson.dumps(body(type_))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(raw)))
        until = data.draw(st.sampled_from([at, at, at + 1, at + 7]))
        raw = raw[:at] + data.draw(st.sampled_from(_FRAGMENTS)) + raw[until:]
    taken(raw)


@pytest.mark.parametrize("escape", [b"\\n", b"\\u001f", b"\\u007f", b"\x7f", b"\\t"])
@pytest.mark.parametrize("field", ["company_id", "conversation_id", "source", "message_id"])
def test_a_control_character_in_a_key_is_not_taken(field: str, escape: bytes) -> None:
    told = {**_TEXT, "payload": dict(_TEXT["payload"])}
    (told if field in told else told["payload"])[field] = "HERE"
    with pytest.raises(InvalidEvent):
        acceptance.place_of(orjson.dumps(told).replace(b"HERE", b"a" + escape))


def test_a_text_of_several_lines_is_taken_the_quick_way() -> None:
    told = {**_TEXT, "payload": {**_TEXT["payload"], "text": 'one\ntwo\t"three"\x7f'}}
    assert taken(orjson.dumps(told))


@pytest.mark.parametrize("type_", ["lead.fact_recorded", "message_received.location"])
@pytest.mark.parametrize(
    "json", [b"1e400", b"9" * 400, b'"\xff"', b"{,}", b"[1,]", b'{"a":NaN}', b"01", b""]
)
def test_what_may_hold_anything_holds_json(type_: str, json: bytes) -> None:
    told = body(type_)
    name = "value" if "value" in told["payload"] else "content"
    told["payload"][name] = "HERE"
    twice = b',"' + name.encode() + b'":{}'
    for raw in (json, b'{"a":' + json + b',"a":1}', json + twice):
        with pytest.raises(InvalidEvent):
            acceptance.place_of(orjson.dumps(told).replace(b'"HERE"', raw))


@pytest.mark.parametrize("levels", [198, 199, 200, 201, 202])
def test_nothing_that_holds_anything_may_be_nested_too_deep(levels: int) -> None:
    told = body("lead.fact_recorded")
    told["payload"]["value"] = "HERE"
    taken(orjson.dumps(told).replace(b'"HERE"', b"[" * levels + b"0" + b"]" * levels))


@pytest.mark.parametrize("size", [MAX_EVENT_BYTES, MAX_EVENT_BYTES + 1])
def test_a_body_is_taken_up_to_the_limit_of_its_size(size: int) -> None:
    raw = orjson.dumps({**_TEXT, "payload": {**_TEXT["payload"], "text": "HERE"}})
    assert taken(raw.replace(b"HERE", b"a" * (size - len(raw) + 4))) == (size <= MAX_EVENT_BYTES)


_TIMES = st.one_of(
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,12})?"
        r"(Z|[+-][0-2][0-9]:[0-6][0-9])",
        fullmatch=True,
    ),
)


@settings(max_examples=500)
@given(occurred_at=_TIMES, at=_TIMES)
def test_a_time_is_taken_only_where_it_exists(occurred_at: str, at: str) -> None:
    told = body("message.delivered")
    taken(orjson.dumps({**told, "occurred_at": occurred_at}))
    taken(orjson.dumps({**told, "payload": {**told["payload"], "at": at}}))


@settings(max_examples=300)
@given(
    cost=st.one_of(
        st.floats(), st.integers(-(2**63), 2**64 - 1), st.decimals().map(str), st.text(max_size=4)
    )
)
def test_a_price_is_taken_only_where_the_rules_take_it(cost: Any) -> None:
    told = body("openai.call_completed")
    taken(orjson.dumps({**told, "payload": {**told["payload"], "cost": cost}}))


@pytest.mark.parametrize("type_", list(CATALOGUE))
@pytest.mark.parametrize("wary", [False, True])
def test_every_type_has_a_shape(type_: str, wary: bool) -> None:
    shape_of(CATALOGUE[type_].model, wary=wary)
