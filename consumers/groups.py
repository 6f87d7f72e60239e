"""The consumer groups that ship."""

from __future__ import annotations

from projections.registry import ALL

from consumers.group import ConsumerGroup

PROJECTIONS = ConsumerGroup(name="projections", projections=ALL)
"""The event log and all read models."""
