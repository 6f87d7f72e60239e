"""What was decoded once gives the same event when the log is read again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import CATALOGUE
from events.codec import decode
from events.envelope import Event
from events.errors import InvalidEvent
from events.restoring import by_its_body, restored
from tests.events.payload_strategies import payloads
from tests.examples import body

VERSIONS = [(name, version) for name, known in CATALOGUE.items() for version in known.versions]
_CAUSES = st.none() | st.uuids().map(str) | st.uuids().map(lambda found: str(found).upper())


def again(raw: bytes, event: Event) -> Event:
    return restored(
        raw.decode(),
        event.id,
        type_=event.type,
        version=event.version,
        occurred_at=event.occurred_at,
        company_id=event.company_id,
        conversation_id=event.conversation_id,
    )


def assert_same(found: Event, expected: Event) -> None:
    assert found == expected
    assert type(found.payload) is type(expected.payload)
    # Equal values of other types (1 and 1.0, a text and an enumeration) would show here.
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(("type_", "version"), VERSIONS)
@settings(max_examples=25)
@given(data=st.data(), cause=_CAUSES, conversation=st.sampled_from(["c-1", "", None]))
def test_any_event_of_any_version_is_restored_as_it_was(
    type_: str, version: int, data: st.DataObject, cause: str | None, conversation: str | None
) -> None:
    payload = data.draw(payloads(type_, version))
    told = {
        **body(type_),
        "version": version,
        "payload": payload,
        "causation_id": cause,
        "conversation_id": conversation,
        "occurred_at": "2026-11-02t12:00:00.1234567-03:00",
    }
    raw = orjson.dumps(told)
    try:
        event = decode(raw)
    except InvalidEvent:
        return
    assert_same(again(raw, event), event)
    if (found := by_its_body(raw.decode(), event.id, type_)) is not None:
        assert_same(found, event)


@pytest.mark.parametrize("type_", CATALOGUE)
def test_an_ordinary_body_says_it_all(type_: str) -> None:
    raw = orjson.dumps({**body(type_), "causation_id": body(type_)["id"]})
    event = decode(raw)
    found = by_its_body(raw.decode(), event.id, type_)
    assert found is not None
    assert_same(found, event)


@pytest.mark.parametrize(
    "told",
    [
        *({"type": "message.read"}, {"version": 2}, {"version": True}, {"specversion": "1.0"}),
        *({"company_id": 5}, {"conversation_id": 5}, {"source": None}, {"causation_id": "?"}),
        *({"occurred_at": "2026-11-02T12:00:00"}, {"payload": {}}, {"occurred_at": 5}),
    ],
)
def test_a_body_that_says_something_else_is_left(told: dict[str, Any]) -> None:
    event = decode(orjson.dumps(body("message.sent")))
    raw = orjson.dumps({**body("message.sent"), **told})
    assert by_its_body(raw.decode(), event.id, "message.sent") is None


def cloud_event() -> dict[str, Any]:
    sent = body("message_received.text")
    return {
        "specversion": "1.0",
        "id": sent["id"],
        "type": sent["type"],
        "source": "s",
        "time": sent["occurred_at"],
        "companyid": "acme",
        "conversationid": "c-1",
        "data": sent["payload"],
    }


@pytest.mark.parametrize(
    "told",
    [
        cloud_event(),
        {**cloud_event(), "payload": {}, "correlation_id": "other"},
        {**body("message_received.text"), "type": "tomorrow.came"},
        {**body("message_received.text"), "version": 99},
        body("message_received.text", text="a\x00b"),
        body("message_received.text", text="a\\u0000b"),
        body("message_received.text", unknown={"deep": [{"er": 1}]}),
    ],
)
def test_odd_ones_are_restored_as_they_were_too(told: dict[str, Any]) -> None:
    raw = orjson.dumps(told)
    assert_same(again(raw, decode(raw)), decode(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"what?",
        b"[]",
        b"{}",
        b"null",
        orjson.dumps({**body("message_received.text"), "payload": {"message_id": 1}}),
        orjson.dumps({**body("message_received.text"), "payload": []}),
        orjson.dumps({**body("message_received.text"), "source": 5}),
        orjson.dumps({**body("message_received.text"), "causation_id": 5}),
    ],
)
def test_what_no_longer_decodes_is_refused_for_the_same_reason(raw: bytes) -> None:
    event = decode(orjson.dumps(body("message_received.text")))
    with pytest.raises(InvalidEvent) as expected:
        decode(raw)
    with pytest.raises(InvalidEvent) as found:
        again(raw, event)
    assert (found.value.reason, found.value.field, str(found.value)) == (
        expected.value.reason,
        expected.value.field,
        str(expected.value),
    )
