"""The consumer groups that ship."""

from __future__ import annotations

from projections.groups import ALL, group_named

PROJECTIONS = group_named("projections")
"""The event log and all read models."""
AGENT = group_named("agent")
"""The agent's work queues."""

__all__ = ["AGENT", "ALL", "PROJECTIONS"]
