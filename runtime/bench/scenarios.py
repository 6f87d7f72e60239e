"""The scenarios' names, for who only names them."""

from __future__ import annotations

SCENARIOS = (
    *("turns", "tenants", "latency"),
    *("rebuild", "consume", "publish", "idle", "memory", "growth"),
)
EVENTS = 200_000
"""In a log or in the streams, where nobody says how many."""
