"""One `/ready` for several processes: of each check, the worst state counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.readiness import ACCOUNTS, STALE_AFTER_S, State

_SEVERITY = (
    State.DISABLED,
    State.OK,
    State.STOPPING,
    State.CONNECTING,
    State.WAITING,
    State.FAILED,
)
_NEEDED = ("db", "redis", "consumers", "processes")


def merged_ready(
    snapshots: Mapping[int, tuple[dict[str, Any], float]], faults: Mapping[int, str], total: int
) -> dict[str, Any]:
    """The body of `GET /ready` of `total` processes, numbered from 1.

    `snapshots` holds what each process last said and how many seconds ago; `faults` says why a
    process is not running.
    """
    checks = {
        name: _worst(name, snapshots, total) for name in ("db", "redis", "consumers", "workers")
    }
    for name in ACCOUNTS:
        telling = {n: told for n, told in snapshots.items() if name in told[0]["checks"]}
        if telling:
            checks[name] = _worst(name, telling, len(telling))
    checks["processes"] = _processes(snapshots, faults, total)
    ready = all(checks[name]["state"] == State.OK for name in _NEEDED)
    sound = all(checks[name]["state"] == State.OK for name in ACCOUNTS if name in checks)
    return {
        "status": "ok" if ready and sound else "degraded",
        "ready": ready,
        "connection_mode": _mode([snapshot for snapshot, _ in snapshots.values()], total),
        "checks": checks,
    }


def _worst(
    name: str, snapshots: Mapping[int, tuple[dict[str, Any], float]], total: int
) -> dict[str, Any]:
    found: list[dict[str, Any]] = [
        {
            "state": snapshot["checks"][name]["state"],
            "age_s": round(snapshot["checks"][name]["age_s"] + age_s, 3),
            "reason": _told_by(number, snapshot["checks"][name]["reason"]),
        }
        for number, (snapshot, age_s) in sorted(snapshots.items())
    ]
    if len(found) < total:
        found.append(_silent(f"{total - len(found)} of {total} processes have not reported yet"))
    return max(found, key=lambda check: _SEVERITY.index(State(check["state"])))


def _processes(
    snapshots: Mapping[int, tuple[dict[str, Any], float]], faults: Mapping[int, str], total: int
) -> dict[str, Any]:
    late = {n: age_s for n, (_, age_s) in snapshots.items() if age_s > STALE_AFTER_S}
    reasons = [f"process {n}: {reason}" for n, reason in sorted(faults.items())]
    reasons += [f"process {n}: silent for {age_s:.0f} s" for n, age_s in sorted(late.items())]
    if reasons:
        return {"state": str(State.FAILED), "age_s": 0.0, "reason": "; ".join(reasons)}
    if len(snapshots) < total:
        return _silent(f"{len(snapshots)} of {total} processes have reported")
    return {"state": str(State.OK), "age_s": 0.0, "reason": None}


def _mode(snapshots: list[dict[str, Any]], total: int) -> str:
    modes = {snapshot["connection_mode"] for snapshot in snapshots}
    if "failed" in modes:
        return "failed"
    return "connected" if modes == {"connected"} and len(snapshots) == total else "connecting"


def _silent(reason: str) -> dict[str, Any]:
    return {"state": str(State.CONNECTING), "age_s": 0.0, "reason": reason}


def _told_by(number: int, reason: str | None) -> str | None:
    return f"process {number}: {reason}" if reason else None
