"""One consumer process: connections, probes and the engines of its groups."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
from prometheus_client.metrics_core import Metric

from consumers.backoff import Backoff
from consumers.beats import Beats
from consumers.bounded_pool import bounded
from consumers.decoded_once import DecodedOnce
from consumers.engine import Engine
from consumers.engine_settings import EngineSettings
from consumers.errors import TransientFault, faults_translated
from consumers.status import GroupStatus
from consumers.topology import record_topology, verify_topology
from events.errors import PartitionsDisagree
from events.stream_bodies import event_of
from projections import groups, migrate
from projections.group import Basis, ConsumerGroup
from runtime.agent_service import AgentService
from runtime.capabilities import ServersUnfit, hold_to_least, labels, risks
from runtime.connections import PROBE_TIMEOUT_S, Connections
from runtime.drift_watch import DriftWatch
from runtime.engine_observer import EngineObserver
from runtime.logs import get_logger
from runtime.metrics import Metrics
from runtime.readiness import MIGRATE_HINT, Readiness, State, probe_forever
from runtime.redaction import Redactor
from runtime.settings import Settings

_log = get_logger(__name__)
_LIGHT_GATHER_S = 0.05
_BESIDE_TURNS_GATHER_S = 0.05
"""While turns are at work, most events are theirs: read a few at a time, they would cost the turns a third
of the processor."""
RELAYING_GROUP = "agent"
"""Whoever owns a partition in this group relays its outbox."""
CLOSING_S = 2.0
"""What closing may take after the grace period is over."""


class StartRefused(Exception):
    """The service must not run against these servers; waiting would not help."""


class Service:
    """Consumes all declared groups until it is told to stop. Making it opens nothing.

    `consumed` leaves out groups that other processes have, or nobody needs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        process_metrics: bool = True,
        consumed: Sequence[ConsumerGroup] = groups.ALL,
    ) -> None:
        self._settings = settings
        self._consumed = consumed
        self._readiness = Readiness(
            disabled=settings.disable_connections,
            workers_disabled=settings.disable_workers,
            redactor=Redactor(settings.secrets()),
        )
        self._engines: list[Engine] = []
        self._agent: AgentService | None = None
        self._detected = False
        self._metrics = Metrics(self._statuses, self._readiness.ups, process=process_metrics)
        self._observer = EngineObserver(self._metrics, _log, on_commit=self._committed)

    def ready(self) -> dict[str, Any]:
        """The body of `GET /ready`."""
        return self._readiness.snapshot()

    def families(self) -> list[Metric]:
        """The metrics."""
        return self._metrics.collect()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set, then hand over within the grace period.

        Servers that do not answer and a database that is not migrated are waited for.

        Raises:
            StartRefused: the servers record another number of partitions, or are too old.
        """
        if self._settings.disable_connections:
            _log.warning("connections.disabled", reason="DISABLE_CONNECTIONS is set")
            await stop.wait()
            return
        connections = Connections(self._settings)
        try:
            await self._consume_until(stop, connections)
        except* StartRefused as refused:
            raise _first(refused) from None
        finally:
            await connections.close()

    async def _consume_until(self, stop: asyncio.Event, connections: Connections) -> None:
        async with asyncio.TaskGroup() as tasks:
            probes = tasks.create_task(
                probe_forever(self._readiness, connections, self._statuses, workers=self._workers),
                name="probes",
            )
            consuming = tasks.create_task(self._consume(connections), name="consuming")
            await stop.wait()
            if not self._engines:
                consuming.cancel()
            if self._agent is not None:
                self._agent.stop()
            for engine in self._engines:
                await engine.stop()
            grace_s = self._settings.shutdown_grace_s + CLOSING_S
            _, late = await asyncio.wait([consuming], timeout=grace_s)
            if late:
                _log.warning("service.stop_cut", grace_s=grace_s)
                consuming.cancel()
            probes.cancel()

    async def _consume(self, connections: Connections) -> None:
        pool = await connections.wait_open()
        await self._wait_usable(pool, connections)
        member_id, lease_s = _member_id(), self._settings.lease_s
        beats = Beats(bounded(pool, within_s=lease_s), member_id=member_id, lease_s=lease_s)
        decoding = DecodedOnce() if len(self._consumed) == 2 else event_of
        self._engines = [
            Engine(
                group,
                pool=pool,
                redis=connections.redis,
                settings=_engine_settings(self._settings, group),
                member_id=member_id,
                observer=self._observer,
                is_beside_work=self._is_turning,
                beats=beats,
                decode=decoding,
            )
            for group in self._consumed
        ]
        self._agent = AgentService(
            self._settings,
            pool,
            connections,
            worker=member_id,
            owned=self._relayed,
            metrics=self._metrics.agent,
        )
        async with asyncio.TaskGroup() as tasks:
            working = [
                tasks.create_task(engine.run(), name=f"group-{engine.status().group}")
                for engine in self._engines
            ]
            working.append(tasks.create_task(self._agent.run(), name="agent"))
            drift_watch = tasks.create_task(
                DriftWatch(pool, self._readiness, _log).run(), name="drift-watch"
            )
            await asyncio.wait(working)
            drift_watch.cancel()

    async def _wait_usable(self, pool: asyncpg.Pool, connections: Connections) -> None:
        """Wait until the database is migrated and both servers agree on the partitions."""
        backoff = Backoff(initial_s=0.2, max_s=3.0)
        while (obstacle := await self._obstacle(pool, connections)) is not None:
            self._readiness.record("consumers", *obstacle)
            await asyncio.sleep(backoff.next_s())

    async def _obstacle(
        self, pool: asyncpg.Pool, connections: Connections
    ) -> tuple[State, str] | None:
        try:
            with faults_translated():
                await self._detect_servers(connections)
                async with pool.acquire(timeout=PROBE_TIMEOUT_S) as conn:
                    if problems := await migrate.check(conn, platform=False):
                        return State.WAITING, f"{MIGRATE_HINT} ({'; '.join(problems)})"
                    await self._agree(conn, connections)
        except TransientFault as fault:
            return State.CONNECTING, fault.fault
        except ServersUnfit as error:
            raise StartRefused(str(error)) from error
        except PartitionsDisagree as error:
            if error.recorded is None:
                return State.WAITING, f"{MIGRATE_HINT} ({error})"
            raise StartRefused(f"{error}; set PARTITIONS and STREAM_PREFIX to match") from error
        return None

    async def _detect_servers(self, connections: Connections) -> None:
        """Log and export what the servers are, once; refuse what is too old."""
        if self._detected or connections.postgres is None:
            return
        redis, postgres = await connections.detect_redis(), connections.postgres
        hold_to_least(redis, postgres)
        _log.info("redis.detected", **labels(redis))
        _log.info("postgres.detected", **labels(postgres))
        if may_lose := risks(redis):
            _log.warning("redis.may_lose", risks=may_lose)
        self._metrics.servers_detected(labels(redis), labels(postgres))
        self._detected = True

    async def _agree(
        self, conn: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, connections: Connections
    ) -> None:
        settings = self._settings
        await verify_topology(conn, partitions=settings.partitions, prefix=settings.stream_prefix)
        await record_topology(conn, connections.redis.commands)

    def _committed(self, group: str) -> None:
        if self._agent is not None:
            self._agent.wake(group)

    def _is_turning(self) -> bool:
        return self._agent is not None and self._agent.is_turning()

    def _relayed(self) -> list[int]:
        """Partitions whose outbox this process relays: those it owns in the agent's group."""
        return [p for s in self._statuses() if s.group == RELAYING_GROUP for p in s.partitions]

    def _workers(self) -> dict[str, tuple[float, str | None]]:
        return {} if self._agent is None else self._agent.workers()

    def _statuses(self) -> Iterable[GroupStatus]:
        return [engine.status() for engine in self._engines]


def _engine_settings(settings: Settings, group: ConsumerGroup) -> EngineSettings:
    """A group beside the log's rests between small batches, and has one lane.

    The log's does so while turns are at work alone: its readers can wait then, customers not.

    Who waits for an answer waits for neither: `agent.inbox` counts from the stream's own time, and
    no turn reads what the log's group has not written by the end of the debounce.
    """
    declared = frozenset(declared.name for declared in groups.ALL)
    engine = replace(settings.engine(), declared_groups=declared)
    if group.basis is Basis.LOG:
        return replace(engine, gather_beside_work_s=_BESIDE_TURNS_GATHER_S)
    return replace(engine, lanes=1, gather_s=_LIGHT_GATHER_S)


def _member_id() -> str:
    """Unique to this start of this process, and telling to who looks at the leases."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _first(group: BaseExceptionGroup[StartRefused]) -> StartRefused:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
