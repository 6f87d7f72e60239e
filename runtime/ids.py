"""Ids that sort by time."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A random UUID of version 7, by the process's clock in milliseconds.

    Source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
    """
    value = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return UUID(bytes=bytes(value))
