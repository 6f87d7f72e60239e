"""The outbox: what was decided, told as events, without a gap between the two."""

from __future__ import annotations

from runtime.outbox.append import Telling, append, telling
from runtime.outbox.relay import Relay, RelaySettings

__all__ = ["Relay", "RelaySettings", "Telling", "append", "telling"]
