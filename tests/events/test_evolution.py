"""Payloads change shape, and what was sent in an earlier one keeps its meaning for ever."""

from __future__ import annotations

import inspect
import json
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import upcasters
from events.catalogue import CATALOGUE
from events.codec import decode, encode
from events.publisher import publishable
from events.schemas import GOLDEN
from events.upcasters import UPCASTERS, lift
from tests.events.payload_strategies import payloads
from tests.examples import body

EARLIER = [
    (name, v) for name, known in CATALOGUE.items() for v in known.versions if v < known.current
]
each_earlier = pytest.mark.parametrize(("type_", "version"), EARLIER)


def sent(type_: str, version: int, payload: dict[str, Any]) -> bytes:
    return orjson.dumps({**body(type_), "version": version, "payload": payload})


def test_there_are_earlier_versions_to_prove_it_with() -> None:
    assert {("message.failed", 1), ("rag.retrieved", 1)} <= set(EARLIER)


def test_no_step_is_missing_and_none_leads_nowhere() -> None:
    assert set(UPCASTERS) == set(EARLIER)
    for known in CATALOGUE.values():
        assert sorted(known.versions) == list(range(1, known.current + 1))


def test_a_step_is_a_documented_function_by_name() -> None:
    """A read model's fingerprint covers it by its name, and the events' page shows what it says."""
    for upcaster in UPCASTERS.values():
        assert vars(upcasters)[upcaster.__name__] is upcaster
        assert inspect.getdoc(upcaster)


@each_earlier
@given(data=st.data())
def test_what_is_valid_in_an_earlier_version_is_valid_in_the_current_one(
    type_: str, version: int, data: st.DataObject
) -> None:
    payload = data.draw(payloads(type_, version))

    event = decode(sent(type_, version, payload))

    assert type(event.payload) is CATALOGUE[type_].model
    assert event.version == version


@each_earlier
@given(data=st.data())
def test_a_step_changes_nothing_but_what_it_returns(
    type_: str, version: int, data: st.DataObject
) -> None:
    payload = data.draw(payloads(type_, version))
    before = deepcopy(payload)

    once = lift(type_, version, payload, current=CATALOGUE[type_].current)

    assert payload == before
    assert lift(type_, version, payload, current=CATALOGUE[type_].current) == once


@each_earlier
@given(data=st.data())
def test_an_earlier_event_is_written_anew_in_the_current_version(
    type_: str, version: int, data: st.DataObject
) -> None:
    event = decode(sent(type_, version, data.draw(payloads(type_, version))))

    again = decode(encode(event))

    assert again.version == CATALOGUE[type_].current
    assert again.payload == event.payload


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_version_there_ever_was_may_be_published(path: Any) -> None:
    event = publishable(path.read_bytes())

    assert f"{event.type}.v{event.version}" == path.stem


@pytest.mark.parametrize("name", ["retrieved", "no_match", "failed"])
def test_the_duration_of_a_retrieval_has_a_new_name(name: str) -> None:
    old, new = (json.loads((GOLDEN / f"rag.{name}.v{n}.json").read_bytes()) for n in (1, 2))
    assert decode(orjson.dumps(old)).payload == decode(orjson.dumps(new)).payload

    assert (old["payload"].pop("ms"), old["payload"]) == (
        new["payload"].pop("duration_ms"),
        new["payload"],
    )
    meant = decode(sent(f"rag.{name}", 1, {**old["payload"], "ms": 7, "duration_ms": "soon"}))
    assert meant.payload.model_dump()["duration_ms"] == 7


@pytest.mark.parametrize(
    ("told", "reason", "detail"),
    [
        (None, None, None),
        ("timeout", "timeout", None),
        ("131026: Message undeliverable", "131026", "Message undeliverable"),
        ("channel_refused:", "channel_refused", ""),
        ("o número não existe", None, "o número não existe"),
        ("Erro: 5", None, "Erro: 5"),
        ("two words: and a text", None, "two words: and a text"),
        ("", None, ""),
    ],
)
def test_a_free_text_becomes_a_code_only_where_it_is_one(
    told: str | None, reason: str | None, detail: str | None
) -> None:
    payload = {**body("message.failed")["payload"], "reason": told, "detail": ["not", "ours"]}

    failed = decode(sent("message.failed", 1, payload)).payload.model_dump()

    assert (failed["reason"], failed["detail"]) == (reason, detail)
