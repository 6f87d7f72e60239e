"""Tells of every model call: as an event through the outbox, and in the metrics."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from consumers.errors import faults_translated, told
from events.catalogue.fields import Tokens
from events.catalogue.turns import OpenaiCallCompleted, OpenaiCallFailed
from events.payload import Payload
from runtime.agent_metrics import AgentMetrics
from runtime.logs import Log
from runtime.openai.usages import CallCompleted, CallFailed, Origin
from runtime.outbox import append
from runtime.turns.emission import Emitter


class UsageEvents:
    """The `Usages` of one process. What cannot be written is logged: a call is never repeated for it."""

    def __init__(
        self, pool: asyncpg.Pool, metrics: AgentMetrics, log: Log, *, partitions: int
    ) -> None:
        self._pool = pool
        self._metrics = metrics
        self._log = log
        self._partitions = partitions

    async def completed(self, call: CallCompleted) -> None:
        """Count tokens, cost and time, and write `openai.call_completed`."""
        metrics, purpose = self._metrics, call.origin.purpose
        metrics.openai_calls.labels(purpose, call.model, "completed").inc()
        metrics.openai_tokens.labels(call.model, "prompt").inc(call.tokens.prompt)
        metrics.openai_tokens.labels(call.model, "completion").inc(call.tokens.completion)
        if call.cost_usd is not None:
            metrics.openai_cost.labels(call.model).inc(float(call.cost_usd))
        metrics.openai_seconds.labels(purpose).observe(call.ms / 1000)
        prompt, completion = call.tokens.prompt, call.tokens.completion
        payload = OpenaiCallCompleted(
            purpose=purpose,
            model=call.model,
            credential_set_id=call.credential_set_id,
            tokens=Tokens(prompt=prompt, completion=completion, total=prompt + completion),
            ms=call.ms,
            cost=call.cost_usd,
        )
        await self._tell(call.origin, "openai.call_completed", payload)

    async def failed(self, call: CallFailed) -> None:
        """Count, and write `openai.call_failed`."""
        purpose = call.origin.purpose
        self._metrics.openai_calls.labels(purpose, call.model, call.reason).inc()
        self._metrics.openai_seconds.labels(purpose).observe(call.ms / 1000)
        payload = OpenaiCallFailed(
            purpose=purpose,
            reason=call.reason,
            retryable=call.retryable,
            model=call.model,
            credential_set_id=call.credential_set_id,
            status=call.status,
            ms=call.ms,
        )
        await self._tell(call.origin, "openai.call_failed", payload)

    async def _tell(self, origin: Origin, type_: str, payload: Payload) -> None:
        emitter = Emitter(
            origin.company_id,
            origin.conversation_id,
            str(origin.turn_id),
            None,
            datetime.now(UTC),
        )
        try:
            with faults_translated():
                # One statement, and so a transaction by itself: the turn waits for it.
                async with self._pool.acquire() as conn:
                    event = emitter.event(type_, payload)
                    await append(conn, [event], partitions=self._partitions)
        except Exception as error:  # noqa: BLE001 - the port must not raise
            self._log.error(
                "openai.usage_not_told",
                company_id=origin.company_id,
                conversation_id=origin.conversation_id,
                error=told(error),
            )
