"""Domain events: what they look like, how they are checked, where they go.

Producers need `Publisher`, `Event` and `event_id_for`; consumers `decode`. Only the publisher
knows Redis. The full list of types is `events.catalogue.CATALOGUE`.
"""

from __future__ import annotations

from events.catalogue import CATALOGUE
from events.codec import MAX_EVENT_BYTES, decode, encode
from events.entry_id import EntryId
from events.envelope import Event, RecordedEvent
from events.errors import EventError, InvalidEvent, PartitionsDisagree, PublishFailed, Reason
from events.identity import event_id_for
from events.partitioning import partition_of, stream_key
from events.publisher import Publisher, PublisherSettings

__all__ = [
    "CATALOGUE",
    "MAX_EVENT_BYTES",
    "EntryId",
    "Event",
    "EventError",
    "InvalidEvent",
    "PartitionsDisagree",
    "PublishFailed",
    "Publisher",
    "PublisherSettings",
    "Reason",
    "RecordedEvent",
    "decode",
    "encode",
    "event_id_for",
    "partition_of",
    "stream_key",
]
