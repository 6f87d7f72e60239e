"""Handoffs: who asked, who took it, how it ended."""

from __future__ import annotations

import pytest

from projections.handoffs import PROJECTION
from tests.projections.spec import event, given

KEY = ("acme", "c-1", "h-1")
ENDS = ("completed", "expired", "failed")


def test_a_handoff_tells_who_asked_and_who_took_it() -> None:
    requested, accepted = event("handoff.requested"), event("handoff.accepted", by="rita")
    given(PROJECTION, requested).when(accepted).then(
        {
            "handoffs": {
                KEY: {
                    "status": "accepted",
                    "requested_by": "bot",
                    "requested_at": requested.event.occurred_at,
                    "accepted_by": "rita",
                    "accepted_at": accepted.event.occurred_at,
                    "ended_at": None,
                }
            }
        }
    )


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_handoff_stays_as_it_ended(end: str) -> None:
    ended = event(f"handoff.{end}")
    later = [event(f"handoff.{step}") for step in ("requested", "accepted", *ENDS)]
    given(PROJECTION, event("handoff.requested"), ended).when(*later).then(
        {"handoffs": {KEY: {"status": end, "ended_at": ended.event.occurred_at}}}
    )


def test_a_late_request_does_not_take_an_acceptance_back() -> None:
    given(PROJECTION, event("handoff.accepted")).when(event("handoff.requested")).then(
        {"handoffs": {KEY: {"status": "accepted", "requested_by": "bot"}}}
    )


def test_an_erased_contact_leaves_no_brief_behind() -> None:
    given(PROJECTION, event("handoff.requested", brief="Ana, quer trocar o carro")).when(
        event("contact.erased")
    ).then({"handoffs": {("acme", "c-1", "h-1"): {"brief": None, "status": "requested"}}})
