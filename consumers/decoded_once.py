"""Decodes a body once for two groups of one process, which read the same streams one after the other.

Decoding is the dearest step of an event in Python. Events are immutable, so both may have the same one.
"""

from __future__ import annotations

from collections.abc import Callable

from events.codec import decode
from events.envelope import Event

Decode = Callable[[bytes], Event]
"""As `events.codec.decode`."""
_KEPT_BYTES = 4 * 1024 * 1024


class DecodedOnce:
    """`decode` that keeps an event until it is asked for a second time.

    Kept are the youngest, of so many bytes of bodies: where one group is far ahead, each decodes for
    itself.
    """

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._kept: dict[bytes, Event] = {}
        self._bytes = 0

    def __call__(self, raw: bytes) -> Event:
        """The event of a body. Raises `InvalidEvent`, each time."""
        event = self._kept.pop(raw, None)
        if event is not None:
            self._bytes -= len(raw)
            return event
        event = self._kept[raw] = decode(raw)
        self._bytes += len(raw)
        while self._bytes > self._most:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._bytes -= len(oldest)
        return event
