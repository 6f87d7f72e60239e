"""Losses, detached read models and forgotten groups degrade `/ready` and stop nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers.accounts import Losses
from consumers.status import GroupState, GroupStatus, PartitionStatus
from runtime.readiness import ACCOUNTS, Readiness, State
from tests.consumers.one_stream import KEY, append, event
from tests.runtime.operators import Operator
from tests.runtime.service_process import serving

SINCE = datetime(2026, 11, 24, 3, tzinfo=UTC)


def ready_with(**told: object) -> dict[str, object]:
    readiness = Readiness(disabled=False, workers_disabled=False)
    for name in ("db", "redis"):
        readiness.record(name, State.OK)
    status = GroupStatus("projections", "me", state=GroupState.RUNNING, **told)  # type: ignore[arg-type]
    readiness.consumers([status])
    readiness.accounts([status])
    readiness.workers({"debounce": (0.1, None)})
    return readiness.snapshot()


@pytest.mark.parametrize(
    ("check", "told", "reason"),
    [
        (
            "losses",
            {"losses": Losses(3, at_least=True, since=SINCE, entries=1, reasons="stream_gone")},
            "lost at least 3 events since 2026-11-24T03:00:00+00:00 (stream_gone)",
        ),
        ("projections", {"detached": {"leads": "KeyError: 'x'"}}, "projections attach leads"),
        (
            "conservation",
            {"partitions": {4: PartitionStatus(4, 1, 9, imbalance=2)}},
            "do not add up in partitions [4]",
        ),
        ("streams", {"forgotten": {"billing": "partitions [1]"}}, "groups remove billing"),
    ],
)
def test_an_account_that_is_not_sound_degrades_and_stops_nothing(
    check: str, told: dict[str, object], reason: str
) -> None:
    sound, unsound = ready_with(), ready_with(**told)
    assert (sound["status"], sound["ready"]) == ("ok", True)
    assert (unsound["status"], unsound["ready"]) == ("degraded", True)
    checks = unsound["checks"]
    assert isinstance(checks, dict)
    assert reason in checks[check]["reason"]
    assert {name for name in ACCOUNTS if checks[name]["state"] != "ok"} == {check}


async def test_a_loss_shows_in_ready_logs_and_metrics_until_it_is_acknowledged(
    operator: Operator,
) -> None:
    redis = Redis.from_url(operator.redis_url)
    urls = {"SUPABASE_DB_URL": operator.database_url, "REDIS_URL": operator.redis_url}
    async with serving(HEARTBEAT_S="0.2", BLOCK_MS="200", **urls) as service:
        await service.wait_ready(lambda r: bool(r["ready"]))
        await append(redis, range(5))
        conn = await asyncpg.connect(operator.database_url)
        async with asyncio.timeout(40):
            while await conn.fetchval("SELECT sum(applied) FROM runtime.checkpoints") != 10:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await conn.close()
        async with redis.pipeline(transaction=True) as pipe:
            for number in (5, 6, 7):
                pipe.xadd(KEY, {"event": orjson.dumps(event(number))})
            pipe.xtrim(KEY, maxlen=1, approximate=False)
            await pipe.execute()
        found = await service.wait_ready(lambda r: r["checks"]["losses"]["state"] == "waiting")
        assert (found["status"], found["ready"]) == ("degraded", True)
        assert (await service.get("/ready?strict=1"))[0] == 200
        for number in (1, 2):  # each group says so
            lost = await service.wait_line("domain_events.lost", number)
            assert (lost["count"], lost["at_least"], lost["reason"]) == (2, False, "trimmed_unread")
        _, metrics = await service.get("/metrics")
        assert 'domain_events_lost_total{group="projections",partition="0"} 2.0' in metrics
        assert (
            'agent_runtime_conservation_imbalance{group="projections",partition="0"} 0.0' in metrics
        )
        assert 'events{group="agent",outcome="read",partition="0",projection=""}' in metrics
        assert (await operator.run("groups", "acknowledge-losses")).code == 0
        await service.wait_ready(lambda r: r["status"] == "ok")
    await redis.aclose()
