"""The consumer groups that ship."""

from __future__ import annotations

from consumers.group import ConsumerGroup
from projections.registry import ALL

PROJECTIONS = ConsumerGroup(name="projections", projections=ALL)
"""The event log and all read models."""
