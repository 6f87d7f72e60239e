"""Follow-ups: what is due, was sent, or will not be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from projections.followups import PROJECTION
from tests.projections.spec import event, given

KEY = ("acme", "c-1", "f-1")
ENDS = ("sent", "canceled", "failed")


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_followup_stays_as_it_ended(end: str) -> None:
    ended = event(f"followup.{end}")
    later = [event(f"followup.{step}", attempt=2) for step in ("scheduled", "held", *ENDS)]
    given(PROJECTION, event("followup.scheduled"), ended).when(*later).then(
        {"followups": {KEY: {"status": end, "attempt": 1, "ended_at": ended.event.occurred_at}}}
    )


def test_a_held_followup_keeps_when_it_was_first_scheduled() -> None:
    scheduled = event("followup.scheduled")
    given(PROJECTION, scheduled).when(
        event("followup.held", reason="quiet_hours", due_at="2026-11-04T12:00:00Z"),
    ).then(
        {
            "followups": {
                KEY: {
                    "status": "held",
                    "reason": "quiet_hours",
                    "due_at": datetime(2026, 11, 4, 12, tzinfo=UTC),
                    "scheduled_at": scheduled.event.occurred_at,
                    "ended_at": None,
                }
            }
        }
    )
