"""A changed fold and a read model of another version are told where operators look."""

from __future__ import annotations

import asyncio

import asyncpg
from redis.asyncio import Redis

from consumers.status import GroupState, GroupStatus
from projections.drift import Drift, DriftKind
from projections.fingerprints import PREFIX
from runtime.readiness import Readiness, State
from tests.consumers.one_stream import append
from tests.projections.test_drift import record, recorded_of, stand_in
from tests.runtime.operators import Operator
from tests.runtime.service_process import serving

REPLAY = "agent-runtime replay --projection leads"
CHANGED = PREFIX + "0" * 64


def ready_with(*drifts: Drift) -> dict[str, object]:
    readiness = Readiness(disabled=False, workers_disabled=True)
    for name in ("db", "redis"):
        readiness.record(name, State.OK)
    readiness.read_models(drifts)
    status = GroupStatus("projections", "me", state=GroupState.RUNNING)
    readiness.consumers([status])
    readiness.accounts([status])
    return readiness.snapshot()


def test_what_asks_for_somebody_degrades_and_what_does_not_is_a_note() -> None:
    asking = Drift("leads", DriftKind.CODE_CHANGED, "it changed", REPLAY)
    note = Drift("inbox", DriftKind.CODE_CHANGED, "it changed too", None, asks=False)
    found = {
        name: ready_with(*drifts)
        for name, drifts in {"none": (), "note": (note,), "asking": (asking, note)}.items()
    }
    told = {name: body["checks"]["projections"]["reason"] for name, body in found.items()}  # type: ignore[index]

    assert {name: body["status"] for name, body in found.items()} == {
        "none": "ok",
        "note": "ok",
        "asking": "degraded",
    }
    assert all(body["ready"] for body in found.values())
    assert told == {
        "none": None,
        "note": "it changed too",
        "asking": f"it changed: run {REPLAY}; it changed too",
    }


async def test_a_changed_fold_is_logged_and_degrades_until_it_is_built_anew(
    operator: Operator,
) -> None:
    conn = await asyncpg.connect(operator.database_url)
    present = await recorded_of(conn, "leads")
    await record(conn, "leads", CHANGED)
    urls = {"SUPABASE_DB_URL": operator.database_url, "REDIS_URL": operator.redis_url}
    async with serving(**urls) as service:
        line = await service.wait_line("projection.code_changed")
        told = await service.wait_ready(
            lambda r: bool(r["ready"] and r["checks"]["projections"]["reason"])
        )
        await record(conn, "leads", present)
        mended = await service.wait_ready(lambda r: r["status"] == "ok")
    await conn.close()
    assert (line["projection"], line["run"]) == ("leads", REPLAY)
    assert (told["status"], told["ready"]) == ("degraded", True)
    assert REPLAY in told["checks"]["projections"]["reason"]
    assert mended["checks"]["projections"]["reason"] is None


async def test_a_read_model_of_another_version_stands_while_all_others_are_fed(
    operator: Operator,
) -> None:
    conn = await asyncpg.connect(operator.database_url)
    redis = Redis.from_url(operator.redis_url)
    await stand_in(conn, "leads", 0)
    await record(conn, "messages", CHANGED)
    urls = {"SUPABASE_DB_URL": operator.database_url, "REDIS_URL": operator.redis_url}
    async with serving(BLOCK_MS="200", **urls) as service:
        line = await service.wait_line("projection.other_version")
        told = await service.wait_ready(lambda r: bool(r["ready"]) and r["status"] == "degraded")
        await append(redis, range(3))
        async with asyncio.timeout(40):
            while await conn.fetchval("SELECT count(*) FROM projections.messages") != 3:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        position = await conn.fetchval(
            "SELECT max(position) FROM runtime.projection_checkpoints WHERE projection = 'leads'"
        )
        listed = await operator.run("projections", "list")
        as_json = await operator.run("projections", "list", "--json")
        checked = await operator.run("migrate", "--check")
    await redis.aclose()
    assert await conn.fetch("SELECT * FROM projections.leads") == []
    await conn.close()

    assert (line["projection"], line["run"]) == ("leads", REPLAY)
    assert REPLAY in told["checks"]["projections"]["reason"]
    assert position == 0, "only code of its version feeds it"
    out = " ".join(listed.out.split())
    assert f"run {REPLAY}" in out
    assert "run agent-runtime replay --projection messages" in out
    rows = {row["name"]: row for row in as_json.rows()}
    assert {name: row["code"] for name, row in rows.items() if row["code"] != "unchanged"} == {
        "leads": "other version",
        "messages": "changed",
    }
    assert (rows["leads"]["run"], rows["inbox"]["run"]) == (REPLAY, None)
    assert "leads stands in version 0, this build has 1" in rows["leads"]["problem"]
    assert checked.code == 1
    assert REPLAY in " ".join(checked.err.split())
