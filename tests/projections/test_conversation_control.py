"""Who may speak in a conversation."""

from __future__ import annotations

from events.sources import AGENT_RUNTIME
from projections.conversation_control import PROJECTION
from tests.projections.spec import event, given

KEY = ("acme", "c-1")


def owner(**columns: object) -> dict[str, dict[tuple[str, str], dict[str, object]]]:
    return {"conversation_control": {KEY: columns}}


def test_a_message_gives_the_conversation_to_the_bot_and_notes_where_it_came_from() -> None:
    inbound = event("message_received.text", number=7)
    given(PROJECTION).when(inbound, times=2).then(
        owner(owner="bot", channel="whatsapp", last_inbound_position=7, opted_out=False)
    )


def test_an_accepted_handoff_is_the_human_s_until_its_own_end() -> None:
    spec = given(PROJECTION, event("message_received.text"))
    spec.when(event("handoff.accepted", handoff_id="h-1")).then(
        owner(owner="human", handoff_id="h-1")
    )
    spec.when(event("handoff.expired", handoff_id="h-0")).then(owner(owner="human"))
    spec.when(event("handoff.completed", handoff_id="h-1")).then(
        owner(owner="bot", handoff_id=None)
    )


def test_a_human_who_writes_from_the_channel_takes_it_over() -> None:
    given(PROJECTION, event("message_received.text")).when(event("message.sent", by="human")).then(
        owner(owner="human")
    )


def test_the_bot_s_own_messages_change_nothing() -> None:
    given(PROJECTION, event("message_received.text")).when(event("message.sent", by="bot")).then(
        owner(owner="bot")
    )


def test_an_opt_out_is_kept_and_taken_back() -> None:
    given(PROJECTION).when(event("contact.opted_out")).then(owner(opted_out=True)).when(
        event("contact.opted_in")
    ).then(owner(opted_out=False))


def test_an_erased_contact_closes_it_for_good() -> None:
    given(PROJECTION, event("message_received.text")).when(event("contact.erased")).then(
        owner(owner="closed")
    ).when(event("handoff.accepted", handoff_id="h-2")).then(owner(owner="closed"))


def test_what_this_runtime_decided_is_not_applied_again() -> None:
    accepted = event("handoff.accepted", handoff_id="h-1")
    own = accepted._replace(event=accepted.event._replace(source=AGENT_RUNTIME))
    given(PROJECTION, event("message_received.text")).when(own).then(owner(owner="bot"))
    assert PROJECTION.touch([own]) == {"conversation_control": set()}, "no turn is waited for"


def test_the_contact_is_kept_as_last_told_until_it_is_erased() -> None:
    told = {"id": "5511987654321", "name": "Ana Lima"}
    spec = given(PROJECTION, event("message_received.text")).when(
        event("message_received.text", contact=told)
    )
    spec.then(owner(contact=told)).when(event("contact.erased")).then(owner(contact=None))
