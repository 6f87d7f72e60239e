"""Looks again and again whether the read models are those of this build, and tells."""

from __future__ import annotations

import asyncio
from time import monotonic

import asyncpg

from consumers.cancellation import raise_if_cancelled
from consumers.errors import TransientFault, faults_translated
from consumers.rhythm import until_next_s
from projections.drift import Drift, DriftKind, adopt, drifts
from runtime.connections import PROBE_TIMEOUT_S
from runtime.logs import Log
from runtime.readiness import Readiness

LOOK_EVERY_S = 5.0
_LINES = {
    DriftKind.CODE_CHANGED: "projection.code_changed",
    DriftKind.OTHER_VERSION: "projection.other_version",
}


class DriftWatch:
    """Each finding is logged once, and stands in `/ready` until it is mended."""

    def __init__(self, pool: asyncpg.Pool, readiness: Readiness, log: Log) -> None:
        self._pool = pool
        self._readiness = readiness
        self._log = log
        self._told: frozenset[Drift] = frozenset()
        self._adopted = False

    async def run(self) -> None:
        """Look every few seconds, until cancelled; while Postgres is away the last finding stands."""
        while True:
            try:
                with faults_translated():
                    await self.look()
            except TransientFault as fault:
                self._log.debug("projections.not_looked_at", fault=fault.fault)
            raise_if_cancelled()
            await asyncio.sleep(until_next_s(LOOK_EVERY_S, monotonic()))

    async def look(self) -> None:
        """Look once."""
        async with self._pool.acquire(timeout=PROBE_TIMEOUT_S) as conn:
            if not self._adopted:
                await adopt(conn)
                self._adopted = True
            found = await drifts(conn)
        for drift in found:
            if drift not in self._told:
                level = self._log.warning if drift.asks else self._log.info
                level(
                    _LINES[drift.kind],
                    projection=drift.projection,
                    problem=drift.problem,
                    run=drift.command,
                )
        self._told = frozenset(found)
        self._readiness.read_models(found)
