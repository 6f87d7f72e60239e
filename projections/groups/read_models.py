"""Group `projections`: the event log and all read models."""

from __future__ import annotations

from projections import (
    company_activity,
    conversations,
    daily_counts,
    followups,
    handoffs,
    leads,
    messages,
    openai_usage,
    rag_queries,
)
from projections.group import Basis, ConsumerGroup

GROUP = ConsumerGroup(
    name="projections",
    basis=Basis.LOG,
    projections=(
        conversations.PROJECTION,
        messages.PROJECTION,
        leads.PROJECTION,
        handoffs.PROJECTION,
        rag_queries.PROJECTION,
        followups.PROJECTION,
        openai_usage.PROJECTION,
        company_activity.PROJECTION,
        daily_counts.PROJECTION,
    ),
)
