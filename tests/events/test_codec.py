"""What is an event, what is not, and how that is told."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.codec import MAX_EVENT_BYTES, decode, encode
from events.entry_id import EntryId
from events.errors import InvalidEvent, Reason
from events.payload import NewerVersion, UnknownType
from tests.examples import EXAMPLES, body

SENT = body("message_received.text")


def refused(raw: bytes) -> tuple[Reason, str | None]:
    with pytest.raises(InvalidEvent) as caught:
        decode(raw)
    return caught.value.reason, caught.value.field


def changed(**values: Any) -> bytes:
    return orjson.dumps({**SENT, **values})


@pytest.mark.parametrize("type_", CATALOGUE)
def test_every_type_comes_back_from_its_bytes(type_: str) -> None:
    event = decode(orjson.dumps(body(type_)))
    assert isinstance(event.payload, CATALOGUE[type_].model)
    assert decode(encode(event)) == event


def test_there_is_an_example_of_every_type() -> None:
    assert set(EXAMPLES) == set(CATALOGUE)


@pytest.mark.parametrize(
    "name",
    ["id", "type", "version", "occurred_at", "company_id", "source", "correlation_id"],
)
def test_a_missing_attribute_is_named(name: str) -> None:
    raw = orjson.dumps({k: v for k, v in SENT.items() if k != name})
    assert refused(raw) == (Reason.INVALID_ENVELOPE, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "not-a-uuid"),
        ("type", "Message.Received"),
        ("version", 0),
        ("version", True),
        ("version", 2**31),
        ("occurred_at", "2026-11-02T12:00:00"),
        ("occurred_at", "2026-11-02 12:00:00Z"),
        ("occurred_at", "2026-02-30T12:00:00Z"),
        ("occurred_at", "0001-01-01T00:00:00+23:59"),
        ("company_id", ""),
        ("company_id", "x" * 65),
        ("company_id", "a\x00b"),
        ("conversation_id", "x" * 201),
        ("conversation_id", "line\nbreak"),
        ("causation_id", "nothing"),
        ("source", 7),
    ],
)
def test_a_wrong_attribute_is_named(name: str, value: Any) -> None:
    assert refused(changed(**{name: value})) == (Reason.INVALID_ENVELOPE, name)


def test_a_wrong_payload_is_named_by_its_path() -> None:
    payload = {**SENT["payload"], "contact": {"name": "Ana"}}
    assert refused(changed(payload=payload)) == (Reason.INVALID_PAYLOAD, "payload.contact.id")
    assert refused(changed(payload=[])) == (Reason.INVALID_PAYLOAD, "payload")


def test_bytes_that_are_no_json_are_told_apart() -> None:
    assert refused(b"\xff")[0] is Reason.NOT_UTF8
    assert refused(b"{")[0] is Reason.NOT_JSON
    assert refused(b"[]")[0] is Reason.NOT_JSON
    assert refused(b'{"a":"\\ud800"}')[0] is Reason.NOT_JSON
    assert refused(b"x" * (MAX_EVENT_BYTES + 1))[0] is Reason.TOO_LARGE


def test_deep_nesting_is_refused() -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    raw = changed(payload="HERE").replace(b'"HERE"', deep)
    assert refused(raw) == (Reason.INVALID_PAYLOAD, "payload")


def test_nul_in_an_identifier_is_refused() -> None:
    payload = {**SENT["payload"], "message_id": "m\x00"}
    assert refused(changed(payload=payload)) == (Reason.INVALID_PAYLOAD, "payload.message_id")


def test_nul_in_text_is_replaced_and_an_escaped_backslash_is_not_a_nul() -> None:
    text = {**SENT["payload"], "text": "a\x00b"}
    assert decode(changed(payload=text)).payload.text == "a\ufffdb"  # type: ignore[attr-defined]
    text["text"] = "a\\u0000b"
    assert decode(changed(payload=text)).payload.text == "a\\u0000b"  # type: ignore[attr-defined]


def test_unknown_types_and_newer_versions_are_kept() -> None:
    assert isinstance(decode(changed(type="invoice.paid")).payload, UnknownType)
    assert isinstance(decode(changed(version=9)).payload, NewerVersion)


def test_unknown_attributes_are_tolerated() -> None:
    assert decode(changed(more=1, payload={**SENT["payload"], "more": 1})) == decode(changed())


def test_a_cloudevent_is_the_same_event() -> None:
    cloud = {
        "specversion": "1.0",
        "id": SENT["id"],
        "type": SENT["type"],
        "source": SENT["source"],
        "time": SENT["occurred_at"],
        "companyid": SENT["company_id"],
        "subject": SENT["conversation_id"],
        "correlationid": SENT["correlation_id"],
        "data": SENT["payload"],
    }
    assert decode(orjson.dumps(cloud)) == decode(changed())
    assert refused(orjson.dumps({**cloud, "specversion": "0.3"}))[1] == "specversion"
    assert refused(orjson.dumps({**cloud, "data_base64": "x"}))[1] == "data_base64"


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_else(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(raw)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(sorted(SENT)), json_values)
def test_any_value_in_any_attribute_gives_an_event_or_a_reason(name: str, value: Any) -> None:
    raw = orjson.dumps({**SENT, name: value}) if _writable(value) else b"{}"
    with contextlib.suppress(InvalidEvent):
        assert decode(raw).type


def _writable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def test_entry_ids_compare_as_integers() -> None:
    assert EntryId.parse("9-0") < EntryId.parse(b"10-0")
    assert str(EntryId(5, 7)) == "5-7"
    with pytest.raises(ValueError, match="entry id"):
        EntryId.parse("5")
