"""Each scenario in a tiny form: a real service, and figures of the right shape. None is about speed."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from rich.console import Console

from runtime.bench import rebuild, tenants, turns
from runtime.bench.log_events import LogShape
from runtime.bench.progress import Progress
from runtime.bench.run import Report, run
from runtime.bench.scenarios import SCENARIOS
from runtime.bench.servers import NotEmpty
from runtime.settings import Settings, load_settings


def settings(database_url: str, redis_url: str) -> Settings:
    return load_settings(
        {
            "SUPABASE_DB_URL": database_url,
            "REDIS_URL": redis_url,
            "PORT": "0",
            "HOST": "127.0.0.1",
            "LOG_LEVEL": "warning",
            "PROCESSES": "1",
            "HEARTBEAT_S": "0.2",
            "CREDENTIALS_KEY": base64.b64encode(os.urandom(32)).decode(),
        },
        env_file=None,
    )


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    for scenario in (turns, tenants):
        monkeypatch.setattr(scenario, "SECONDS", 1.0)
        monkeypatch.setattr(scenario, "WARM_UP_S", 0.2)
        monkeypatch.setattr(scenario, "DEBOUNCE_MS", 100)
        monkeypatch.setattr(scenario, "MODEL_DELAY_MS", 20)
    monkeypatch.setattr(turns, "RATE", 10.0)
    monkeypatch.setattr(tenants, "FLOOD_MESSAGES", 60)
    monkeypatch.setattr(tenants, "FLOOD_CONVERSATIONS", 12)
    monkeypatch.setattr(tenants, "B_CONVERSATIONS", 6)
    monkeypatch.setattr(tenants, "B_RATE", 5.0)
    chosen = tuple(case for case in tenants.CASES if case.name in {"alone", "flood", "key refused"})
    monkeypatch.setattr(tenants, "CASES", chosen)


async def report(name: str, database_url: str, redis_url: str, folder: Path) -> Report:
    progress = Progress(Console(stderr=True))
    return await run(settings(database_url, redis_url), [name], folder=folder, progress=progress)


async def test_turns_are_measured_and_the_servers_left_as_they_were_found(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    found = await report("turns", empty_database_url, redis_url, tmp_path)
    assert [line.case for line in found.figures] == ["rules", "model"]
    for line in found.figures:
        assert line.unanswered == 0
        assert line.count == 10
        assert line.p50 is not None
        assert line.p99 is not None
        # No answer comes before its burst is due and its model has answered.
        assert 0 < line.p50 <= line.p99
    assert all(row["machine"]["python"] for row in found.rows())
    redis = Redis.from_url(redis_url)
    assert await redis.dbsize() == 0
    await redis.aclose()
    conn = await asyncpg.connect(empty_database_url)
    schemas = await conn.fetch("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'")
    await conn.close()
    assert {row["nspname"] for row in schemas} == {"public", "information_schema"}


@pytest.mark.soak
async def test_tenants_are_measured_alone_and_beside_each_trouble(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    found = await report("tenants", empty_database_url, redis_url, tmp_path)
    troubles = ["flood", "key refused"]
    pairs = [name for one in troubles for name in (one, f"{one} / alone")]
    assert [line.case for line in found.figures] == ["alone", *pairs]
    assert all(line.unanswered == 0 for line in found.figures)
    assert all(line.p99 for line in found.figures)
    ratios = [line for line in found.figures if line.unit == "times"]
    assert all(line.is_met is not None for line in ratios)


@pytest.mark.parametrize("processes", [(1,), pytest.param((1, 2), marks=pytest.mark.soak)])
async def test_rebuilds_are_measured_beside_the_floor_at_two_sizes(
    processes: tuple[int, ...],
    empty_database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = rebuild.CASES[-len(processes) :]
    monkeypatch.setattr(rebuild, "PROCESSES", processes)
    monkeypatch.setattr(rebuild, "CASES", cases)
    found = await run(
        settings(empty_database_url, redis_url),
        ["rebuild"],
        folder=tmp_path,
        progress=Progress(Console(stderr=True)),
        log=LogShape(events=600, conversations=20),
    )
    rates = [line for line in found.rates if line.unit == "events/s"]
    counts = ["1 process", "2 processes"][: len(processes)]
    works = [f"{work}, {n}" for work in ("floor", *(c.title for c in cases)) for n in counts]
    assert [line.case for line in rates] == [*works, *works]
    floors = [line.events for line in rates if "floor" in line.case]
    assert floors == [*[60] * len(processes), *[600] * len(processes)]
    for line in rates:
        assert line.cost is not None
        assert line.value > 0
        assert line.cost.cpu_s
        assert line.cost.memory_mib
        if "floor" not in line.case:
            assert {"fill", "follow", "compare", "swap"} <= set(line.cost.phases_s)
            assert line.ratio
    times = [line for line in found.rates if line.unit == "times"]
    assert all(line.is_met is not None for line in times)
    assert [line["met"] for line in found.rows()] == [line.is_met for line in found.rates]


async def test_a_database_that_holds_anything_is_refused_and_untouched(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with pytest.raises(NotEmpty, match="database"):
        await report("turns", database_url, redis_url, tmp_path)
    conn = await asyncpg.connect(database_url)
    assert await conn.fetchval("SELECT count(*) FROM runtime.topology") == 1
    await conn.close()


async def test_a_redis_that_holds_anything_is_refused_and_untouched(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    redis = Redis.from_url(redis_url)
    await redis.set("somebody's", "value")
    with pytest.raises(NotEmpty, match="Redis"):
        await report("turns", empty_database_url, redis_url, tmp_path)
    assert await redis.get("somebody's") == b"value"
    await redis.aclose()


def test_every_scenario_has_a_name_that_can_be_asked_for() -> None:
    assert list(SCENARIOS) == [
        *("turns", "tenants", "latency"),
        *("rebuild", "consume", "publish", "idle", "memory", "growth"),
    ]
