"""What can be wrong with an event.

    EventError
    ├── InvalidEvent            permanent: these bytes will never be an event
    │     .reason  a `Reason`; .field  where (dotted path) or None; .detail  what was found
    ├── PartitionsDisagree      the producer's topology is not the recorded one
    └── PublishFailed           transient: Redis did not take a batch; what was sent is unknown

Attributes come before text: programs look at `.reason` and `.field`, people at `str(error)`.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why an entry cannot be an event; stored in `runtime.dead_letters.reason`."""

    MISSING_FIELD = "missing_field"
    """The stream entry has no field `event`, or has others beside it."""
    TOO_LARGE = "too_large"
    """More than 256 KiB."""
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    INVALID_ENVELOPE = "invalid_envelope"
    """An attribute of the envelope is missing or has a wrong value."""
    INVALID_PAYLOAD = "invalid_payload"
    """The payload does not fit its type."""
    UNKNOWN_TYPE = "unknown_type"
    """Refused by publishers only; in a stream an unknown type is kept in the log."""
    NEWER_VERSION = "newer_version"
    """Refused by publishers only; in a stream it is parked for a build that knows it."""
    WRONG_PARTITION = "wrong_partition"
    ID_CONFLICT = "id_conflict"
    """The same event id came before with another body."""


class EventError(Exception):
    """Base of everything that this package raises on purpose."""


class InvalidEvent(EventError):
    """These bytes are not an event and never will be."""

    def __init__(self, reason: Reason, detail: str, *, field: str | None = None) -> None:
        super().__init__(f"{reason}: {field + ': ' if field else ''}{detail}")
        self.reason = reason
        self.detail = detail
        self.field = field
        self.index: int | None = None
        """Which of the events given to a publisher, from 0; None where there is only one."""


class PartitionsDisagree(EventError):
    """This program's number of partitions is not the recorded one, or none is recorded."""

    def __init__(self, *, ours: int, recorded: int | None, where: str) -> None:
        found = f"records {recorded}" if recorded is not None else "has no record of them"
        super().__init__(f"partitions: this program uses {ours}, {where} {found}")
        self.ours = ours
        self.recorded = recorded
        self.where = where


class PublishFailed(EventError):
    """Redis did not confirm a batch; publishing the same events again is harmless."""

    def __init__(self, detail: str, *, unconfirmed: int) -> None:
        super().__init__(f"{detail} ({unconfirmed} events unconfirmed; publish them again)")
        self.unconfirmed = unconfirmed
