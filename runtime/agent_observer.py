"""Turns what the agent tells into metrics and log lines.

Events that this runtime emits are logged under their own type once they are appended
(`turn.completed`, `handoff.requested`, `rag.no_match`, …), messages of customers under theirs when
a turn takes them up. Never a body: what was written stands in the log of events alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import orjson

from runtime.agent.context import Inbound
from runtime.agent_metrics import AgentMetrics
from runtime.channels.port import Sent
from runtime.logs import Log
from runtime.turns.claims import Claim


class AgentObserver:
    """The `TurnObserver` and `RelayObserver` of one process; `wake_relay` follows what it wrote."""

    def __init__(self, metrics: AgentMetrics, log: Log, *, wake_relay: Callable[[], None]) -> None:
        self._metrics = metrics
        self._log = log
        self._wake_relay = wake_relay
        self.last_ticks: dict[str, float] = {}
        """Worker → monotonic time of its last tick that went through."""
        self.tick_errors: dict[str, str] = {}
        """Worker → why its ticks fail, since they do."""

    def opened(self, claim: Claim, burst: Sequence[Inbound]) -> None:
        """A line for each message that a turn takes up."""
        for message in burst:
            self._log.info(
                f"message_received.{message.kind}",
                **_place(claim),
                event_id=str(message.event_id),
                message_id=message.message_id,
                correlation_id=message.correlation_id,
            )
        self._wake_relay()

    def ended(self, claim: Claim, outcome: str, reason: str, took_s: float) -> None:
        """Count; the line of `turn.completed` comes with the event."""
        self._metrics.turns.labels(outcome, reason).inc()
        if outcome == "closed":
            self._log.info("turn.closed", **_place(claim), reason=str(reason))
        self._log.debug("turn.ended", **_place(claim), outcome=outcome, took_s=round(took_s, 4))
        self._wake_relay()

    def replied(self, claim: Claim, after_s: float, overhead_s: float) -> None:
        """Observe both times."""
        self._metrics.reply_seconds.observe(max(0.0, after_s))
        self._metrics.overhead_seconds.observe(max(0.0, overhead_s))
        self._wake_relay()

    def part_settled(self, claim: Claim, part: int, sent: Sent) -> None:
        """Count by fate; one that did not go out is a warning."""
        self._metrics.outbound.labels(str(sent.fate)).inc()
        if sent.fate != "sent":
            self._log.warning(
                "outbound.not_sent",
                **_place(claim),
                part=part,
                fate=str(sent.fate),
                detail=sent.detail,
            )

    def failed(self, claim: Claim, error: str, wait_s: float) -> None:
        """Count; a warning tells the fault."""
        self._metrics.turn_faults.inc()
        self._log.warning(
            "turn.failed", **_place(claim), attempt=claim.attempt, error=error, wait_s=wait_s
        )

    def lost(self, claim: Claim) -> None:
        """Count and log."""
        self._metrics.turns_lost.inc()
        self._log.warning("turn.lost", **_place(claim))

    def ticked(self, worker: str) -> None:
        """Remember when."""
        self.last_ticks[worker] = time.monotonic()
        self.tick_errors.pop(worker, None)
        self._metrics.worker_tick.labels(worker).set(time.time())

    def tick_failed(self, worker: str, error: str) -> None:
        """Count; `debounce.tick_failed` and its like tell the fault."""
        self.tick_errors[worker] = error
        self._metrics.ticks_failed.labels(worker).inc()
        self._log.error(f"{worker}.tick_failed", error=error)

    def relayed(self, bodies: Sequence[str], again: int) -> None:
        """A line for each event that is told for the first time."""
        self._metrics.relayed.labels("false").inc(len(bodies))
        self._metrics.relayed.labels("true").inc(again)
        for body in bodies:
            event = orjson.loads(body)
            payload = event["payload"]
            known = ("turn_id", "outcome", "reason", "handoff_id", "purpose", "model", "status")
            self._log.info(
                event["type"],
                event_id=event["id"],
                company_id=event["company_id"],
                conversation_id=event["conversation_id"],
                correlation_id=event["correlation_id"],
                **{name: payload[name] for name in known if name in payload},
            )
        if again:
            self._log.warning("outbox.sent_again", events=again)

    def relay_failed(self, error: str, wait_s: float) -> None:
        """Count; a warning tells the fault."""
        self._metrics.relay_failures.inc()
        self._log.warning("outbox.relay_failed", error=error, wait_s=round(wait_s, 3))

    def outbox_depth(self, rows: int, age_s: float) -> None:
        """Set both gauges."""
        self._metrics.outbox_rows.set(rows)
        self._metrics.outbox_age.set(age_s)


def _place(claim: Claim) -> dict[str, str]:
    return {
        "company_id": claim.company_id,
        "conversation_id": claim.conversation_id,
        "turn_id": str(claim.turn_id),
    }
