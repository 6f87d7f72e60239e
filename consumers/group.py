"""What a consumer group is; declared where its projections are."""

from __future__ import annotations

from projections.group import Basis, ConsumerGroup

__all__ = ["Basis", "ConsumerGroup"]
