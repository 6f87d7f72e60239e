"""How long-running processes look through their memory."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 10_000
"""Between two looks for cycles; Python's own 700 or 2,000 cost an answer a noticeable part."""


def settle_memory() -> None:
    """Leave what the imports made out of every later look: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
