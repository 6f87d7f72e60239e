"""Group `agent`: the agent's work queues, apart so that a rebuild or a report never delays a reply.

The control rows come first: who holds a conversation's row sees its inbox as it stands.
"""

from __future__ import annotations

from projections import channel_reports, conversation_control, inbox
from projections.group import ConsumerGroup

GROUP = ConsumerGroup(
    name="agent",
    projections=(
        conversation_control.PROJECTION,
        inbox.PROJECTION,
        channel_reports.PROJECTION,
    ),
)
