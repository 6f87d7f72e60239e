"""Every hook of the agent's observer and usages, called once, for metrics and log lines."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from runtime.agent.context import Inbound
from runtime.agent_metrics import AgentMetrics
from runtime.agent_observer import AgentObserver
from runtime.channels.port import Fate, Sent
from runtime.logs import Log, get_logger
from runtime.openai.prices import TokenCount
from runtime.openai.usages import CallCompleted, CallFailed, Origin
from runtime.turns.claims import Claim
from runtime.usage_events import UsageEvents
from tests.examples import body

TURN = UUID("0190a000-0000-7000-8000-00000000000a")
CLAIM = Claim(TURN, "acme", "c-1", "worker-1", 1, 2, ("cora", "whatsapp"))
MESSAGE = Inbound(
    UUID(int=7),
    "m-1",
    "audio",
    "segredo",
    datetime(2026, 11, 2, tzinfo=UTC),
    correlation_id="cor-7",
)
EVENT = orjson.dumps(body("handoff.requested")).decode()
ORIGIN = Origin("acme", "c-1", TURN, "decide")

CALLS: dict[str, tuple[Any, ...]] = {
    "opened": (CLAIM, [MESSAGE]),
    "ended": (CLAIM, "closed", "no_centurion", 0.2),
    "replied": (CLAIM, 3.2, 0.01),
    "part_settled": (CLAIM, 1, Sent(Fate.UNKNOWN, detail="cut")),
    "failed": (CLAIM, "postgres: 57P01", 2.0),
    "lost": (CLAIM,),
    "ticked": ("debounce",),
    "tick_failed": ("debounce", "postgres: 42P01"),
    "relayed": ([EVENT], 2),
    "relay_failed": ("Redis: gone", 0.5),
    "outbox_depth": (3, 1.5),
}


class _NoPool:
    """Postgres is away: usages are counted all the same."""

    def acquire(self) -> Any:
        raise OSError("no database")


def observer(metrics: AgentMetrics, log: Log | None = None) -> AgentObserver:
    return AgentObserver(metrics, log or get_logger("test"), wake_relay=lambda: None)


def call_each_hook(metrics: AgentMetrics) -> None:
    found = observer(metrics)
    for hook, arguments in CALLS.items():
        getattr(found, hook)(*arguments)
    metrics.unanswered.set(4.0)
    metrics.open_bursts.set(1)
    metrics.breakers = lambda: {"default": "open"}
    usages = UsageEvents(_NoPool(), metrics, get_logger("test"), partitions=16)  # type: ignore[arg-type]
    paid = CallCompleted(ORIGIN, "gpt-x", "default", TokenCount(10, 5), Decimal("0.01"), 700)
    missed = CallFailed(ORIGIN, "gpt-x", "default", "openai_rate_limited", 429, True, 20)

    async def told() -> None:
        await usages.completed(paid)
        await usages.failed(missed)

    asyncio.run(told())
