"""What can be done about a dead letter, by its reason."""

from __future__ import annotations

from events.errors import Reason

_MEND = (
    "These bytes are no event for this build. Correct the producer, publish the corrected event"
    " (`agent-runtime publish`; the same id is free, nothing was recorded under it), then discard"
    " this one. If a newer build accepts the bytes, retry it."
)
REMEDIES: dict[str, str] = {
    Reason.MISSING_FIELD: (
        "The entry has not the one field `event`, so it cannot be retried as it is. Publish its"
        " content as an event (`XADD <stream> * event '<json>'`, or `agent-runtime publish`), then"
        " discard this one."
    ),
    Reason.TOO_LARGE: (
        "An event has at most 256 KiB: media travel by URL. Publish it smaller, under the same id,"
        " then discard this one."
    ),
    Reason.NOT_UTF8: _MEND,
    Reason.NOT_JSON: _MEND,
    Reason.INVALID_ENVELOPE: _MEND,
    Reason.INVALID_PAYLOAD: _MEND,
    Reason.WRONG_PARTITION: (
        "The event is sound and stands in the wrong stream: its producer computes partitions"
        " differently (`tests/vectors/partitions.json` holds it to ours). Retry: it is sent to the"
        " right stream."
    ),
    Reason.ID_CONFLICT: (
        "Another event was recorded under this id first, so it can never be retried as it is. If"
        " both happened, publish this one again under a new id; then discard it."
    ),
}
_UNKNOWN = "Look at the bytes; retry once the cause is mended, or discard."

NEVER_AS_IT_IS: dict[str, str] = {
    Reason.MISSING_FIELD: "the entry has not the one field `event`: publish its content as one",
    Reason.ID_CONFLICT: "another event has its id: publish it under a new id, or discard it",
}
"""Reasons for which the same bytes can never be sent again, and why, in short."""


def remedy(reason: str) -> str:
    """What to do about dead letters of this reason."""
    return REMEDIES.get(reason, _UNKNOWN)
