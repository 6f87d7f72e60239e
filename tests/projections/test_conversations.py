"""Conversations: whose they are, and since when nobody has answered."""

from __future__ import annotations

from projections.conversations import PROJECTION
from tests.projections.spec import event, given

KEY = ("acme", "c-1")


def test_a_human_takes_over_and_gives_back() -> None:
    asked = given(PROJECTION, event("message_received.text"), event("handoff.requested"))
    asked.then({"conversations": {KEY: {"owner": "bot", "status": "handoff_requested"}}})
    asked.when(event("handoff.accepted")).then(
        {"conversations": {KEY: {"owner": "human", "status": "waiting"}}}
    )
    asked.when(event("message.sent", by="human"), event("handoff.completed")).then(
        {"conversations": {KEY: {"owner": "bot", "status": "answered"}}}
    )


def test_a_message_written_by_a_human_takes_the_conversation() -> None:
    given(PROJECTION).when(event("message.sent", by="human")).then(
        {"conversations": {KEY: {"owner": "human", "sent_count": 1}}}
    )


def test_unanswered_since_the_first_message_after_the_last_answer() -> None:
    first, second = event("message_received.text"), event("message_received.audio")
    spec = given(PROJECTION, first).when(second)
    spec.then(
        {"conversations": {KEY: {"unanswered_since": first.event.occurred_at, "received_count": 2}}}
    )
    spec.when(event("message.sent")).then({"conversations": {KEY: {"unanswered_since": None}}})


def test_an_erased_contact_leaves_no_data_behind() -> None:
    given(PROJECTION, event("message_received.text")).when(event("contact.erased")).then(
        {
            "conversations": {
                KEY: {
                    "contact_id": None,
                    "contact_name": None,
                    "last_message_text": None,
                    "unanswered_since": None,
                    "owner": "closed",
                    "status": "closed",
                }
            }
        }
    )


def test_an_opt_out_stands_until_the_contact_opts_in() -> None:
    spec = given(PROJECTION, event("message_received.text")).when(event("contact.opted_out"))
    spec.then({"conversations": {KEY: {"opted_out": True}}})
    spec.when(event("contact.opted_in")).then({"conversations": {KEY: {"opted_out": False}}})


def test_the_end_of_another_handoff_does_not_take_the_conversation_from_its_human() -> None:
    given(PROJECTION, event("handoff.accepted", handoff_id="h-2")).when(
        event("handoff.expired", handoff_id="h-1")
    ).then({"conversations": {KEY: {"owner": "human"}}})


def test_an_erased_conversation_stays_closed_when_a_handoff_ends() -> None:
    given(PROJECTION, event("message_received.text"), event("contact.erased")).when(
        event("handoff.expired")
    ).then({"conversations": {KEY: {"owner": "closed"}}})
