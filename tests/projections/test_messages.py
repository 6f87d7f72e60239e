"""Messages: the transcript, and what became of each outbound message."""

from __future__ import annotations

from typing import Any

import pytest

from projections.messages import PROJECTION
from tests.projections.spec import event, given

SENT = ("acme", "c-1", "out-1")
RECEIVED = ("acme", "c-1", "m-1")
BY_PROVIDER: dict[str, Any] = {"message_id": None, "provider_message_id": "p-1"}


@pytest.mark.parametrize("named", [{}, BY_PROVIDER], ids=["message id", "provider id"])
@pytest.mark.parametrize("early", [True, False], ids=["before the message", "after the message"])
def test_a_status_finds_its_message(named: dict[str, Any], early: bool) -> None:
    events = [event("message.sent", provider_message_id="p-1"), event("message.delivered", **named)]
    given(PROJECTION).when(*(reversed(events) if early else events)).then(
        {"messages": {SENT: {"status": "delivered", "direction": "out"}}}
    )


def test_a_status_never_falls() -> None:
    spec = given(PROJECTION, event("message.sent"), event("message.read"))
    for lower in ("message.delivered", "message.failed", "message.unknown"):
        spec.when(event(lower)).then({"messages": {SENT: {"status": "read"}}})


def test_an_erased_contact_leaves_messages_without_content() -> None:
    given(
        PROJECTION,
        event("message_received.audio", text="oi"),
        event("message_received.transcribed"),
        event("message.sent"),
    ).when(event("contact.erased")).then(
        {
            "messages": {
                RECEIVED: {"text": None, "transcript": None, "media": None},
                SENT: {"text": None, "media": None, "status": "sent"},
            }
        }
    )


def test_a_transcript_after_the_erasure_does_not_bring_words_back() -> None:
    given(PROJECTION, event("message_received.audio"), event("contact.erased")).when(
        event("message_received.transcribed")
    ).then({"messages": {RECEIVED: {"transcript": None}}})


def test_a_transcript_stands_beside_its_media() -> None:
    given(PROJECTION, event("message_received.audio")).when(
        event("message_received.transcribed")
    ).then({"messages": {RECEIVED: {"transcript": "oi", "text": None}}})


def test_only_the_messages_named_are_archived() -> None:
    given(PROJECTION, event("message_received.text"), event("message.sent")).when(
        event("memory.cleaned", message_ids=["m-1"])
    ).then({"messages": {RECEIVED: {"archived": True, "text": "oi"}, SENT: {"archived": False}}})


def test_a_message_id_that_comes_again_keeps_its_first_row() -> None:
    given(PROJECTION, event("message_received.text")).when(
        event("message_received.text", text="other")
    ).then({"messages": {RECEIVED: {"text": "oi"}}})
