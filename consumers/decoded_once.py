"""Decodes a body once for two groups of one process, which read the same streams one after the other.

Decoding is the dearest step of an event in Python. Events are immutable, so both may have the same one.
"""

from __future__ import annotations

from collections.abc import Callable

from events.envelope import Event
from events.stream_bodies import event_of

Decode = Callable[[bytes], Event]
"""As `events.stream_bodies.event_of`."""
_KEPT_BYTES = 1024 * 1024
"""Some thousand events: half a second of a lively stream."""


class DecodedOnce:
    """`event_of` that keeps an event until it is asked for a second time.

    Kept are the youngest, of half to all of so many bytes of bodies: where one group is far ahead, each
    decodes for itself.
    """

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._half = kept_bytes // 2
        # The front of one dictionary would be dearer to take than a whole one is to drop.
        self._young: dict[bytes, Event] = {}
        self._old: dict[bytes, Event] = {}
        self._came = 0

    def __call__(self, raw: bytes) -> Event:
        """The event of a body. Raises `InvalidEvent`, each time."""
        event = self._young.pop(raw, None) or self._old.pop(raw, None)
        if event is not None:
            return event
        event = event_of(raw)
        self._came += len(raw)
        if self._came > self._half:
            self._young, self._old, self._came = {}, self._young, len(raw)
        if self._came <= self._half:
            self._young[raw] = event
        return event
