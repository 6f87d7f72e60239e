"""How long-running processes look through their memory."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 100_000
"""Between two looks for cycles. Python's own 700 or 2,000 cost an answer a noticeable part, and 10,000 a
batch of events a tenth: more of it lives at a time, so each look went through all that it holds."""
BULK_NEW_OBJECTS = 200_000
"""The same where thousands of events are held at a time: more than a chunk of them makes."""


def settle_memory(new_objects: int = _NEW_OBJECTS) -> None:
    """Leave what the imports made out of every later look: it stays for good.

    `new_objects` that may be made between two looks.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(new_objects)
