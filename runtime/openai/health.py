"""Whether a company's credentials work, written where the platform shows it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from enum import StrEnum
from weakref import WeakValueDictionary

import asyncpg

from projections.statements import statements
from runtime.agent.reasons import Reason
from runtime.logs import get_logger
from runtime.openai.clock import Clock

_SQL = statements("runtime.openai", "health.sql")
_log = get_logger(__name__)
_EVERY_S = 60.0
_MAX_KEPT = 1024


class Health(StrEnum):
    """`core.company_integration_bindings.status`."""

    OK = "ok"
    REJECTED = "rejected"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNDECRYPTABLE = "undecryptable"


_BY_REASON = {
    Reason.OPENAI_KEY_REJECTED: Health.REJECTED,
    Reason.OPENAI_QUOTA_EXHAUSTED: Health.QUOTA_EXHAUSTED,
    Reason.OPENAI_RATE_LIMITED: Health.RATE_LIMITED,
    Reason.OPENAI_UNAVAILABLE: Health.UNREACHABLE,
    Reason.OPENAI_TIMEOUT: Health.UNREACHABLE,
}


def health_of(reason: Reason) -> Health:
    """What a call's fault says of the credentials: any other answer shows that they work."""
    return _BY_REASON.get(reason, Health.OK)


class HealthBook:
    """Writes a binding's health when it changes, and else every 60 s. Never raises for Postgres.

    What was noted last is what stands in the end: it is written in the order in which it is noted.
    """

    def __init__(self, pool: asyncpg.Pool, *, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._written: OrderedDict[str, tuple[Health, float]] = OrderedDict()
        # By company: what holds one company's row up holds up nobody else's calls.
        self._one_at_a_time: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def note(self, company_id: str, health: Health, error: str | None = None) -> None:
        """Take in how the company's credentials did."""
        now_s = self._clock.now_s()
        before = self._written.get(company_id)
        if before is not None and before[0] is health and now_s < before[1] + _EVERY_S:
            return
        self._written[company_id] = (health, now_s)
        self._written.move_to_end(company_id)
        while len(self._written) > _MAX_KEPT:
            self._written.popitem(last=False)
        one_at_a_time = self._one_at_a_time.setdefault(company_id, asyncio.Lock())
        try:
            async with one_at_a_time:
                await self._pool.execute(_SQL["write"], company_id, health, error)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as fault:
            self._written.pop(company_id, None)
            _log.warning(
                "openai.health_not_written", company_id=company_id, error=type(fault).__name__
            )
