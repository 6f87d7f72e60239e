"""Group `agent`: the agent's work queues, apart so that a rebuild or a report never delays a reply."""

from __future__ import annotations

from projections import conversation_control, inbox
from projections.group import ConsumerGroup

GROUP = ConsumerGroup(name="agent", projections=(conversation_control.PROJECTION, inbox.PROJECTION))
