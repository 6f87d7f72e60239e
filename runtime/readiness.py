"""What `/ready` says, kept in memory by background probes; asking for it never collects anything.

`connection_mode`: `disabled` by the settings; `connecting` until Postgres and Redis have both
answered once; `connected` while both answer; `failed` when one of them does not any more. The
last two change for as long as the process lives: nothing is ever given up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from consumers.cancellation import raise_if_cancelled
from consumers.rhythm import until_next_s
from consumers.status import GroupState, GroupStatus
from projections.drift import Drift
from runtime.connections import Connections
from runtime.logs import get_logger
from runtime.redaction import Redactor

PROBE_EVERY_S = 1.0
REDIS_EVERY_S = 2.0
"""Redis is asked less often: a blocked read that it cuts off tells at once."""
PROBE_MAX_S = 3.0
"""The longest pause between two attempts while a dependency does not answer."""
_LATELY = 1.5
STALE_AFTER_S = 10.0
"""A dependency that was not heard of for so long counts as failed."""
MIGRATE_HINT = "run agent-runtime migrate"

_log = get_logger(__name__)


class State(StrEnum):
    """The state of one check."""

    OK = "ok"
    CONNECTING = "connecting"
    WAITING = "waiting"
    """Needs somebody's action; the reason says which."""
    FAILED = "failed"
    DISABLED = "disabled"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Check:
    """What was last found out about a part, and when (in the clock's seconds)."""

    state: State
    at: float
    reason: str | None = None


class Readiness:
    """The checks of one process. `clock` counts seconds and never goes back."""

    def __init__(
        self,
        *,
        disabled: bool,
        workers_disabled: bool,
        redactor: Redactor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._redactor = redactor or Redactor()
        self._was_connected = False
        self._disabled = disabled
        self._checks: dict[str, Check] = {}
        self._drifts: tuple[Drift, ...] = ()
        for name in ("db", "redis", "consumers"):
            if disabled:
                self.record(name, State.DISABLED, "DISABLE_CONNECTIONS is set")
            else:
                self.record(name, State.CONNECTING, "not connected yet")
        if workers_disabled or disabled:
            name = "DISABLE_CONNECTIONS" if disabled else "DISABLE_WORKERS"
            self.record("workers", State.DISABLED, f"{name} is set")
        else:
            self.record("workers", State.CONNECTING, "not started yet")

    def record(self, name: str, state: State, reason: str | None = None) -> None:
        """Keep what was found out about a part just now; a change of state is logged."""
        clean = self._redactor.text(reason) if reason else None
        before = self._checks.get(name)
        self._checks[name] = Check(state, self._clock(), clean)
        if before is not None and before.state is not state:
            level = _log.warning if state is State.FAILED else _log.info
            level("readiness.changed", check=name, state=str(state), reason=clean)
        self._was_connected = self._was_connected or self._both_answer()

    def consumers(self, statuses: Iterable[GroupStatus]) -> None:
        """Take the consumers' state from their groups' snapshots: the worst one counts."""
        found = [_of_group(status) for status in statuses]
        if found:
            state, reason = max(found, key=lambda pair: _SEVERITY.index(pair[0]))
            self.record("consumers", state, reason)

    def accounts(self, statuses: Iterable[GroupStatus]) -> None:
        """Take what the groups' accounts say: it degrades the status, and consuming goes on."""
        found = list(statuses)
        if not found:
            return
        for name, tell in _ACCOUNTS.items():
            reasons = [reason for status in found for reason in tell(status)]
            notes: list[str] = []
            if name == READ_MODELS:
                reasons += [drift.told() for drift in self._drifts if drift.asks]
                notes = [drift.told() for drift in self._drifts if not drift.asks]
            state = State.WAITING if reasons else State.OK
            self.record(name, state, "; ".join([*reasons, *notes]) or None)

    def read_models(self, drifts: Iterable[Drift]) -> None:
        """Take where read models are not those of this build: `accounts` tells it from now on."""
        self._drifts = tuple(drifts)

    def workers(self, ticks: Mapping[str, tuple[float, str | None]]) -> None:
        """Take the workers' last ticks: seconds since, and why they fail, by name.

        They degrade the status; consuming goes on without them.
        """
        if not ticks or self._checks["workers"].state is State.DISABLED:
            return
        bad = [
            f"{name}: last tick {age_s:.0f} s ago" + (f" ({error})" if error else "")
            for name, (age_s, error) in sorted(ticks.items())
            if error or age_s > STALE_AFTER_S
        ]
        latest = ", ".join(f"{name}: last tick {age:.1f} s ago" for name, (age, _) in ticks.items())
        if bad:
            self.record("workers", State.FAILED, "; ".join(bad))
        else:
            self.record("workers", State.OK, latest)

    def connection_mode(self) -> str:
        """`disabled`, `connecting`, `connected` or `failed`."""
        if self._disabled:
            return "disabled"
        if self._both_answer():
            return "connected"
        return "failed" if self._was_connected else "connecting"

    def snapshot(self) -> dict[str, Any]:
        """The body of `GET /ready`; `age_s` is how long ago each state was found out."""
        checks = {name: self._shown(name) for name in self._checks}
        ready = not self._disabled and all(
            checks[name]["state"] == State.OK for name in ("db", "redis", "consumers")
        )
        told = {*_ACCOUNTS, "workers"} & checks.keys()
        sound = all(checks[name]["state"] in _SOUND for name in told)
        return {
            "status": "ok" if ready and sound else "degraded",
            "ready": ready,
            "connection_mode": self.connection_mode(),
            "checks": checks,
        }

    def ups(self) -> dict[str, bool]:
        """Whether each check is ok now."""
        return {name: self._shown(name)["state"] == State.OK for name in self._checks}

    def _both_answer(self) -> bool:
        return all(
            name in self._checks and self._shown(name)["state"] == State.OK
            for name in ("db", "redis")
        )

    def _shown(self, name: str) -> dict[str, Any]:
        check = self._checks[name]
        age_s = max(0.0, self._clock() - check.at)
        state, reason = check.state, check.reason
        if state is State.OK and name != "workers" and age_s > STALE_AFTER_S:
            state, reason = State.FAILED, f"not heard of for {age_s:.0f} s"
        return {"state": str(state), "age_s": round(age_s, 3), "reason": reason}


_SOUND = (State.OK, State.DISABLED)
"""What is switched off on purpose does not degrade the status by itself."""
_SEVERITY = (State.OK, State.STOPPING, State.CONNECTING, State.WAITING, State.FAILED)


def _of_group(status: GroupStatus) -> tuple[State, str | None]:
    if status.state in {GroupState.RUNNING, GroupState.WAITING}:
        waiting = status.state is GroupState.WAITING
        return State.OK, "other members own every partition" if waiting else None
    if status.state is GroupState.STARTING:
        return State.CONNECTING, f"group {status.group} is starting"
    if status.state is GroupState.RETRYING:
        return State.FAILED, status.last_error or "retrying"
    return State.STOPPING, f"group {status.group} is {status.state}"


def _losses(status: GroupStatus) -> Iterator[str]:
    losses = status.losses
    if losses.entries:
        at_least = "at least " if losses.at_least else ""
        since = f" since {losses.since.isoformat(timespec='seconds')}" if losses.since else ""
        yield (
            f"group {status.group} lost {at_least}{losses.count} events{since} ({losses.reasons}): "
            "see agent-runtime groups losses"
        )


def _detached(status: GroupStatus) -> Iterator[str]:
    for name, detail in status.detached.items():
        yield f"{name} is detached ({detail}): mend it, then agent-runtime projections attach {name}"


def _imbalances(status: GroupStatus) -> Iterator[str]:
    wrong = [p.partition for p in status.partitions.values() if p.imbalance]
    if wrong:
        yield (
            f"the accounts of group {status.group} do not add up in partitions {wrong}: "
            "run agent-runtime groups status --audit"
        )


def _forgotten(status: GroupStatus) -> Iterator[str]:
    for group, what in status.forgotten.items():
        yield (
            f"nobody works for group {group}, which keeps streams from being trimmed ({what}): "
            f"start it, or agent-runtime groups remove {group}"
        )


READ_MODELS = "projections"
_ACCOUNTS: Mapping[str, Callable[[GroupStatus], Iterable[str]]] = {
    "losses": _losses,
    READ_MODELS: _detached,
    "conservation": _imbalances,
    "streams": _forgotten,
}
"""Checks that degrade the status and leave the service ready."""
ACCOUNTS = tuple(_ACCOUNTS)


async def probe_forever(
    readiness: Readiness,
    connections: Connections,
    statuses: Callable[[], Iterable[GroupStatus]],
    *,
    workers: Callable[[], Mapping[str, tuple[float, str | None]]] = dict,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Look at Postgres, Redis, the groups and the workers each second or two, until cancelled.

    Postgres is not asked where it has just answered a group's heart-beat. `clock` is the one of the
    groups' `answered_at`.
    """

    async def probe_db() -> None:
        if not _answers(statuses(), clock()):
            await connections.probe_db()

    async with asyncio.TaskGroup() as tasks:
        db = _probe(readiness, "db", probe_db, clock=clock)
        tasks.create_task(db, name="probe-db")
        probed = connections.probe_redis
        redis = _probe(readiness, "redis", probed, every_s=REDIS_EVERY_S, clock=clock)
        tasks.create_task(redis, name="probe-redis")
        tasks.create_task(_watch(readiness, statuses, workers, clock), name="probe-consumers")


def _answers(statuses: Iterable[GroupStatus], now: float) -> bool:
    """Whether Postgres answered one of the groups since the last look, or as good as."""
    answered = [status.answered_at for status in statuses if status.answered_at is not None]
    return bool(answered) and now - max(answered) < PROBE_EVERY_S * _LATELY


async def _watch(
    readiness: Readiness,
    statuses: Callable[[], Iterable[GroupStatus]],
    workers: Callable[[], Mapping[str, tuple[float, str | None]]],
    clock: Callable[[], float],
) -> None:
    while True:
        readiness.workers(workers())
        readiness.consumers(statuses())
        readiness.accounts(statuses())
        await asyncio.sleep(until_next_s(PROBE_EVERY_S, clock()))


async def _probe(
    readiness: Readiness,
    name: str,
    probe: Callable[[], Awaitable[None]],
    *,
    every_s: float = PROBE_EVERY_S,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Failures of any kind are findings, so that only cancelling ends the loop."""
    answered = False
    failures = 0
    while True:
        try:
            await probe()
        except Exception as error:  # noqa: BLE001 - whatever it is, `/ready` must say it
            reason = f"{type(error).__name__}: {error}"
            readiness.record(name, State.FAILED if answered else State.CONNECTING, reason)
            failures += 1
        else:
            answered = True
            failures = 0
            readiness.record(name, State.OK)
        raise_if_cancelled()
        wait_s = min(PROBE_MAX_S, PROBE_EVERY_S * 1.5**failures)
        await asyncio.sleep(wait_s if failures else until_next_s(every_s, clock()))
