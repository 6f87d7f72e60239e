"""What /ready says through a life, from memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from consumers.status import GroupState, GroupStatus
from runtime.merged_readiness import merged_ready
from runtime.readiness import STALE_AFTER_S, Readiness, State, _probe
from runtime.redaction import Redactor


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def readiness(clock: Clock | None = None, **more: Any) -> Readiness:
    given = {"disabled": False, "workers_disabled": False, **more}
    return Readiness(clock=clock or Clock(), **given)


def group(state: GroupState, error: str | None = None) -> GroupStatus:
    return GroupStatus("projections", "me", state=state, last_error=error)


def connected(**more: Any) -> Readiness:
    found = readiness(**more)
    found.record("db", State.OK)
    found.record("redis", State.OK)
    found.consumers([group(GroupState.RUNNING)])
    found.workers({"debounce": (0.5, None)})
    return found


def test_at_first_it_is_connecting() -> None:
    found = readiness().snapshot()

    assert (found["status"], found["ready"]) == ("degraded", False)
    assert found["connection_mode"] == "connecting"
    assert {name: check["state"] for name, check in found["checks"].items()} == {
        "db": "connecting",
        "redis": "connecting",
        "consumers": "connecting",
        "workers": "connecting",
    }


def test_it_is_ready_when_both_servers_answer_and_the_consumers_run() -> None:
    found = connected().snapshot()

    assert (found["status"], found["ready"]) == ("ok", True)
    assert found["connection_mode"] == "connected"


def test_a_server_that_fails_later_is_failed_and_comes_back() -> None:
    found = connected()

    found.record("redis", State.FAILED, "ConnectionError: refused")
    failed = found.snapshot()
    found.record("redis", State.OK)

    assert (failed["ready"], failed["connection_mode"]) == (False, "failed")
    assert failed["checks"]["redis"]["reason"] == "ConnectionError: refused"
    assert (found.snapshot()["ready"], found.snapshot()["connection_mode"]) == (True, "connected")


def test_disabled_connections_are_never_ready() -> None:
    found = readiness(disabled=True).snapshot()

    assert (found["status"], found["ready"]) == ("degraded", False)
    assert found["connection_mode"] == "disabled"
    assert {check["state"] for check in found["checks"].values()} == {"disabled"}
    assert found["checks"]["db"]["reason"] == "DISABLE_CONNECTIONS is set"


def test_disabled_workers_show() -> None:
    check = readiness(workers_disabled=True).snapshot()["checks"]["workers"]

    assert (check["state"], check["reason"]) == ("disabled", "DISABLE_WORKERS is set")


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (group(GroupState.RUNNING), "ok", None),
        (group(GroupState.WAITING), "ok", "other members own every partition"),
        (group(GroupState.STARTING), "connecting", "group projections is starting"),
        (group(GroupState.RETRYING, "redis: gone"), "failed", "redis: gone"),
        (group(GroupState.STOPPING), "stopping", "group projections is stopping"),
        (group(GroupState.STOPPED), "stopping", "group projections is stopped"),
    ],
)
def test_the_consumers_check_says_what_the_group_does(
    status: GroupStatus, state: str, reason: str | None
) -> None:
    found = connected()
    found.consumers([status])

    check = found.snapshot()["checks"]["consumers"]
    assert (check["state"], check["reason"]) == (state, reason)
    assert found.snapshot()["ready"] is (state == "ok")


def test_of_several_groups_the_worst_counts() -> None:
    found = connected()
    found.consumers([group(GroupState.RUNNING), group(GroupState.RETRYING, "x")])

    assert found.snapshot()["checks"]["consumers"]["state"] == "failed"


def test_ages_count_from_the_last_look_and_silence_is_a_failure() -> None:
    """A probe that hangs must not leave yesterday's `ok` standing."""
    clock = Clock()
    found = connected(clock=clock)

    clock.now += 2.5
    assert found.snapshot()["checks"]["db"]["age_s"] == 2.5
    clock.now += STALE_AFTER_S
    late = found.snapshot()

    assert (late["ready"], late["connection_mode"]) == (False, "failed")
    assert late["checks"]["db"]["reason"] == "not heard of for 12 s"


def test_a_reason_holds_no_secret() -> None:
    found = readiness(redactor=Redactor({"hunter2"}))
    found.record("db", State.FAILED, "password hunter2 refused by postgresql://bot:other@db/app")

    assert found.snapshot()["checks"]["db"]["reason"] == (
        "password *** refused by postgresql://bot:***@db/app"
    )


def test_of_several_processes_the_worst_counts() -> None:
    good, bad = connected(), connected()
    bad.record("redis", State.FAILED, "gone")

    found = merged_ready({1: (good.snapshot(), 0.5), 2: (bad.snapshot(), 0.25)}, {}, 2)

    assert (found["ready"], found["connection_mode"]) == (False, "failed")
    assert found["checks"]["redis"] == {
        "state": "failed",
        "age_s": 0.25,
        "reason": "process 2: gone",
    }
    assert found["checks"]["db"]["age_s"] == 0.5


def test_processes_that_all_run_are_ready() -> None:
    found = merged_ready({n: (connected().snapshot(), 0.1) for n in (1, 2)}, {}, 2)

    assert (found["status"], found["ready"]) == ("ok", True)
    assert found["connection_mode"] == "connected"


@pytest.mark.parametrize(
    ("age_s", "faults", "reason"),
    [
        (0.1, {2: "exited with -9"}, "process 2: exited with -9"),
        (STALE_AFTER_S + 1, {}, "process 1: silent for 11 s"),
    ],
)
def test_a_process_that_is_gone_or_silent_shows(
    age_s: float, faults: dict[int, str], reason: str
) -> None:
    found = merged_ready({1: (connected().snapshot(), age_s)}, faults, 2 if faults else 1)

    assert found["ready"] is False
    assert found["checks"]["processes"]["state"] == "failed"
    assert found["checks"]["processes"]["reason"] == reason


def test_a_worker_whose_ticks_fail_degrades_the_status_and_is_named() -> None:
    found = connected()
    found.workers({"debounce": (3.0, "postgres: 42P01 UndefinedTableError")})
    snapshot = found.snapshot()

    assert (snapshot["status"], snapshot["ready"]) == ("degraded", True)
    reason = snapshot["checks"]["workers"]["reason"]
    assert "debounce: last tick 3 s ago (postgres: 42P01 UndefinedTableError)" in reason


def test_a_worker_that_is_silent_degrades_the_status() -> None:
    found = connected()
    found.workers({"debounce": (11.0, None)})

    assert found.snapshot()["checks"]["workers"]["state"] == "failed"


def test_disabled_workers_stay_disabled_and_degrade_nothing() -> None:
    found = connected(workers_disabled=True)
    found.workers({"debounce": (60.0, None)})
    snapshot = found.snapshot()

    assert snapshot["status"] == "ok"
    assert snapshot["checks"]["workers"]["state"] == "disabled"


async def test_a_probe_whose_client_swallows_the_cancellation_ends_all_the_same() -> None:
    """As redis-py does on Python 3.11, where it meets the end of what a command waits for."""
    asked = asyncio.Event()

    async def swallowing() -> None:
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    readiness = Readiness(disabled=False, workers_disabled=False)
    probing = asyncio.create_task(_probe(readiness, "redis", swallowing), name="probing")
    await asked.wait()
    probing.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait({probing})
    assert probing.cancelled()
