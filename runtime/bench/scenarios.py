"""The scenarios' names, for who only names them."""

from __future__ import annotations

SCENARIOS = (
    *("turns", "tenants", "latency"),
    *("rebuild", "consume", "publish", "idle", "memory", "growth"),
)
QUICK = ("latency", "consume", "publish")
"""Those of the hot path: all of `--quick`, unless some are named. Together less than a minute."""
EVENTS = 200_000
"""In a log or in the streams, where nobody says how many."""
