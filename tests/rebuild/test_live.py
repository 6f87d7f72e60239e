"""Read models are rebuilt in turn while events are published and read: clients see no gap."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import orjson
import pytest
from redis.asyncio import Redis

from consumers.rebuild.plan import Kind, RebuildSettings
from consumers.selection import Selection
from events.publisher import Publisher, PublisherSettings
from tests.consumers.members import member, wait_caught_up
from tests.rebuild.ground import NAMES, mixed, rebuilt
from tests.rebuild.watchers import watching
from tests.runtime.operators import Answer, Operator
from tests.runtime.service_process import serving
from tests.told import Told

SHRINKING = frozenset({"contact.erased", "memory.cleaned"})
"""Of these the rows become fewer."""
SOAK_RATE = 500
PATIENT = replace(RebuildSettings(), lock_timeout_s=1.0, batches_timeout_s=10.0)
"""Where readers, batches and rebuilds share one process, each waits for the others' turns too."""


@asynccontextmanager
async def published_all_the_time(redis_url: str, *, rate: int) -> AsyncIterator[list[bytes]]:
    """So many events a second, until the end of the block; the ones published so far."""
    bodies: list[bytes] = []
    done = asyncio.Event()

    async def publish() -> None:
        redis = Redis.from_url(redis_url)
        publisher, at = Publisher(redis, settings=PublisherSettings()), monotonic()
        while not done.is_set():
            fresh = [
                body
                for body in mixed(rate // 10, start=10 * len(bodies), conversations=60)
                if orjson.loads(body)["type"] not in SHRINKING
            ]
            await publisher.publish_raw(fresh)
            bodies.extend(fresh)
            at += 0.1
            await asyncio.sleep(max(0.0, at - monotonic()))
        await redis.aclose()

    async with asyncio.TaskGroup() as group:
        group.create_task(publish())
        try:
            yield bodies
        finally:
            done.set()


async def check_against(database_url: str, bodies: list[bytes]) -> None:
    """What plain counting of the published events gives, and nothing of the engine's code."""
    events = {event["id"]: event for event in map(orjson.loads, bodies)}.values()
    by_type = Counter((e["company_id"], e["type"], e["occurred_at"][:10]) for e in events)
    inbound: Counter[tuple[str, str]] = Counter()
    for event in events:
        type_ = event["type"]
        if type_.startswith("message_received.") and "contact" in event["payload"]:
            inbound[event["company_id"], event["conversation_id"]] += 1
    conn = await asyncpg.connect(database_url)
    counted = await conn.fetch("SELECT company_id, type, day, count FROM projections.daily_counts")
    received = await conn.fetch(
        "SELECT company_id, conversation_id, received_count FROM projections.conversations"
    )
    await conn.close()
    assert {(r[0], r[1], r[2].isoformat()): r[3] for r in counted} == by_type
    assert {(r[0], r[1]): r[2] for r in received if r[2]} == inbound


async def test_clients_see_no_gap_while_every_read_model_is_rebuilt(
    database_url: str, redis_url: str, told: Told
) -> None:
    differing: list[Any] = []

    async def rebuild(*names: str, **how: Any) -> None:
        reports = await rebuilt(database_url, *names, settings=PATIENT, **how)
        differing.extend(t for report in reports for t in report.tables if not t.equal)

    async with (
        member(database_url, redis_url),
        published_all_the_time(redis_url, rate=100) as bodies,
        watching(database_url, every_s=0.2) as seen,
    ):
        await rebuild()
        await rebuild("messages", "daily_counts")
        await rebuild("messages", kind=Kind.UNDO)
        await rebuild("conversations", selection=Selection(company="company-1"))
        await rebuild("daily_counts", selection=Selection(company="company-1"))
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
    await check_against(database_url, bodies)
    told.say(
        f"readers beside {len(NAMES) + 5} rebuilds and {len(bodies)} events: {seen.beats} beats, "
        f"the longest answer {seen.longest_s:.2f} s"
    )
    assert differing == []
    assert seen.beats > 0


@pytest.mark.soak
async def test_a_real_service_is_rebuilt_by_real_commands_under_load(
    database_url: str, redis_url: str, tmp_path: Path, told: Told
) -> None:
    operator = Operator(database_url, redis_url, tmp_path)
    lags: list[tuple[float, str]] = []
    told_lag, ran, under_way = asyncio.Event(), 0, ""

    async def look() -> None:
        while not told_lag.is_set():
            rows = (await operator.run("groups", "status", "--json")).rows()
            lag_s = max(
                row["lag_s"] or 0.0
                for row in rows
                if row["kind"] == "partition" and row["group"] == "projections"
            )
            lags.append((lag_s, under_way))

    variables = {"SUPABASE_DB_URL": database_url, "REDIS_URL": redis_url, "PROCESSES": "2"}
    async with (
        serving(**variables, DISABLE_WORKERS="true", LEASE_S="10") as service,
        published_all_the_time(redis_url, rate=SOAK_RATE) as bodies,
        watching(database_url) as seen,
        asyncio.TaskGroup() as group,
    ):
        await service.wait_ready(lambda ready: bool(ready["ready"]))
        group.create_task(look())
        for words in commands():
            under_way = " ".join(words)
            name = ("--as", "ana") if words[0] == "replay" else ()
            answer = await operator.run(*words, "--json", *name)
            assert answer.code == 0, (words, answer)
            assert differing(answer) == 0, (words, answer.out)
            ran += 1
        told_lag.set()
    async with member(database_url, redis_url):
        await wait_caught_up(database_url, redis_url)
    await check_against(database_url, bodies)
    told.say(
        f"{ran} commands beside a service, {len(bodies)} events: {seen.beats} beats, the longest "
        f"answer {seen.longest_s:.2f} s, lag at most {max(lags)[0]:.2f} s of {len(lags)} looks "
        f"({max(lags)[1]})"
    )
    assert [look for look in lags if look[0] >= 2.0] == []


def commands() -> list[tuple[str, ...]]:
    """Each read model in turn, some of them undone and narrowed, then all together."""
    replay = ("replay", "--projection")
    found: list[tuple[str, ...]] = []
    for name in NAMES:
        found += [(*replay, name), (*replay, name, "--company", "company-1")]
    found += [(*replay, name, "--undo") for name in ("messages", "daily_counts", "leads")]
    found += [(*replay, "messages", "--undo"), ("replay", "--all", "--workers", "2")]
    return [*found, ("replay", "--all", "--keep-old", "0"), ("projections", "check")]


def differing(answer: Answer) -> int:
    """How many tables are not what they were."""
    return sum(row["equal"] != "yes" for row in answer.rows() if row["kind"] == "table")
