"""Messages: the transcript, and what became of each outbound message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from projections import messages
from projections.messages import PROJECTION
from projections.projection import Key
from tests.projections.spec import applied, event, given

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


class _Searching(messages.Transcripts):
    """Looks at every message, as the fold did before."""

    def of(self, scope: tuple[str, str]) -> list[Key]:
        return [key for key in self.loaded_keys() if key[:2] == scope]


_TOLD: list[tuple[str, dict[str, Any]]] = [
    ("message_received.text", {"message_id": "in-1"}),
    ("message_received.image", {"message_id": "in-2"}),
    ("contact.erased", {}),
    *(
        ("message.sent", {"message_id": f"out-{n}", "provider_message_id": provider})
        for n, provider in ((1, "p-1"), (2, "p-2"), (3, "p-1"), (4, None))
    ),
    *(
        (f"message.{status}", {"message_id": None, "provider_message_id": f"p-{n}"})
        for status in ("delivered", "read", "failed")
        for n in (1, 2)
    ),
]


@for_all(
    drawn=st.lists(st.tuples(st.sampled_from(_TOLD), st.sampled_from(["c-1", "c-2"])), max_size=25),
    cut=st.integers(0, 25),
)
def test_messages_found_by_conversation_are_those_a_search_of_all_finds(
    drawn: list[tuple[tuple[str, dict[str, Any]], str]], cut: int
) -> None:
    events = [
        event(type_, conversation, number=number, **payload)
        for number, ((type_, payload), conversation) in enumerate(drawn, 1)
    ]
    stood = applied(PROJECTION, {}, events[:cut])
    found = applied(PROJECTION, stood, events[cut:])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(messages, "Transcripts", _Searching)
        assert applied(PROJECTION, stood, events[cut:]) == found
