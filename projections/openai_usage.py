"""OpenAI usage: calls, tokens and cost by company, UTC day, model and purpose.

Costs are exact decimals. A failed call without a model counts under the model `''`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from events.catalogue.turns import OpenaiCallCompleted, OpenaiCallFailed
from events.envelope import RecordedEvent
from projections.projection import Changes, Key, State, Table, TableKind, Touched


@dataclass(slots=True)
class Usage:
    """A row of `openai_usage`, as an increment."""

    partition: int
    company_id: str
    day: date
    model: str
    purpose: str
    calls: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost: Decimal = Decimal(0)


class OpenaiUsage:
    """The read model `openai_usage`."""

    name = "openai_usage"
    version = 1
    reads = frozenset({"openai.call_completed", "openai.call_failed"})
    tables = (Table("openai_usage", Usage, key=5, kind=TableKind.SUM),)

    def touch(self, events: Sequence[RecordedEvent]) -> Touched:
        """Nothing: sums are added to what stands."""
        return {}

    def fold(self, state: State, events: Sequence[RecordedEvent]) -> Changes:
        """Sums by model and purpose."""
        sums: dict[Key, Usage] = {}
        for r in events:
            payload = r.event.payload
            if isinstance(payload, OpenaiCallCompleted | OpenaiCallFailed):
                key = (
                    r.partition,
                    r.event.company_id,
                    r.event.occurred_at.date(),
                    payload.model or "",
                    payload.purpose,
                )
                row = sums.get(key)
                if row is None:
                    row = sums[key] = Usage(*key)
                _add(row, payload)
        return {"openai_usage": sums}


def _add(row: Usage, payload: OpenaiCallCompleted | OpenaiCallFailed) -> None:
    if isinstance(payload, OpenaiCallFailed):
        row.failures += 1
        return
    row.calls += 1
    row.prompt_tokens += payload.tokens.prompt
    row.completion_tokens += payload.tokens.completion
    row.total_tokens += payload.tokens.total
    row.cost += payload.cost or 0


PROJECTION = OpenaiUsage()
