"""Whoever comes second is told who is at it; who was silent too long is taken over and writes nothing."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from consumers.rebuild import scratch
from consumers.rebuild.comparing import Comparison
from consumers.rebuild.errors import CannotRebuild, RunLost, SomebodyIsAtIt, UnfinishedRun
from consumers.rebuild.pace import LiveLook
from consumers.rebuild.plan import Kind, Operator
from consumers.rebuild.replacing import Reader
from consumers.rebuild.scratch import Scratch, abandon
from consumers.rebuild.undoing import put_back
from consumers.selection import Selection
from projections.registry import by_name
from tests.rebuild.accounts import forge, unbalanced, value, wait_true
from tests.rebuild.ground import (
    ANA,
    SETTINGS,
    Watched,
    consumed,
    mixed,
    pool_of,
    rebuilt,
    rows_of,
    schemas,
)
from tests.rebuild.victim import killed_at, stopped_at

BIA = Operator("bia", "there")
READERS = """
SELECT array_agg(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND state = 'idle in transaction'
"""
END = "SELECT bool_and(pg_terminate_backend(pid)) FROM unnest($1::int[]) AS pid"
AGES_AGO = "UPDATE replay_scratch.run SET beat_at = beat_at - interval '1 minute'"


@pytest.fixture
async def filled(database_url: str, redis_url: str) -> str:
    await consumed(database_url, redis_url, mixed(300))
    return database_url


async def abandoned(database_url: str, by: Operator) -> str | None:
    async with pool_of(database_url) as pool:
        return await abandon(
            pool,
            "replay_scratch",
            by,
            stale_s=SETTINGS.stale_s,
            waits_for=lambda readers: pytest.fail(f"{readers} in the way"),
        )


async def test_the_second_is_told_who_is_at_it_since_when_and_how_far(filled: str) -> None:
    before = await rows_of(filled)
    told: list[SomebodyIsAtIt] = []

    async def others_come() -> None:
        standing = await value(filled, "SELECT t::text FROM replay_scratch.run AS t")
        for names, by in ((("leads",), BIA), (("handoffs",), BIA), (("leads",), ANA)):
            with pytest.raises(SomebodyIsAtIt) as refused:
                await rebuilt(filled, *names, operator=by)
            told.append(refused.value)
        with pytest.raises(SomebodyIsAtIt) as refused:
            await abandoned(filled, BIA)
        told.append(refused.value)
        assert await value(filled, "SELECT t::text FROM replay_scratch.run AS t") == standing
        assert await rows_of(filled) == before

    quiet = replace(SETTINGS, beat_s=600)
    await rebuilt(filled, "leads", observer=Watched(compare=others_come), settings=quiet)
    assert len(told) == 4
    for one in told:
        assert (one.who, one.phase) == ("ana", "compare leads")
        assert re.fullmatch(
            r"ana is at it since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ: replay of leads, compare leads",
            str(one),
        )


async def test_of_two_begun_in_the_same_instant_one_wins_and_the_other_is_told(filled: str) -> None:
    """Both see that there is no run; the wait for one lock decides."""
    before = await rows_of(filled)
    blocker = await asyncpg.connect(filled)
    lock = blocker.transaction()
    await lock.start()
    await blocker.execute("SELECT pg_advisory_xact_lock(7203101917)")
    hold = asyncio.Event()
    stays = Watched(begun=hold.wait)  # type: ignore[arg-type]
    both = [
        asyncio.create_task(rebuilt(filled, "leads", operator=by, observer=stays))
        for by in (ANA, BIA)
    ]
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    await wait_true(filled, f"SELECT ({waiting}) = 2")
    await lock.rollback()
    await blocker.close()
    done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (loser,), (winner,) = done, left
    hold.set()
    with pytest.raises(SomebodyIsAtIt, match=r"(ana|bia) is at it since .*: replay of leads"):
        await loser
    assert all(report.equal for report in await winner)
    assert await rows_of(filled) == before
    assert await schemas(filled) == ["replaced_leads"]


async def test_a_run_of_another_host_is_taken_over_only_after_its_silence(filled: str) -> None:
    await killed_at(filled, "filled", "leads")
    with pytest.raises(SomebodyIsAtIt, match="ana is at it"):
        await rebuilt(filled, "leads", operator=BIA)
    await value(filled, AGES_AGO)
    watched = Watched()
    await rebuilt(filled, "leads", operator=BIA, observer=watched)
    assert (watched.resumed, "chunk" in watched.points) == ([True], False)


# Whoever is frozen within a transaction is waited for, a minute and a half at the most.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", ["chunk", "compare", "in the swap", "swapped"])
async def test_who_was_taken_over_writes_nothing_when_it_wakes_up(filled: str, point: str) -> None:
    right = await rows_of(filled)
    await forge(filled)
    async with stopped_at(filled, point, "leads") as sleeper:
        await value(filled, AGES_AGO)
        readers = await value(filled, READERS)
        finished = asyncio.create_task(rebuilt(filled, "leads", operator=BIA))
        if point == "chunk":
            await wait_true(filled, "SELECT who = 'bia' FROM replay_scratch.run")
            # As Postgres does after a minute of it: its snapshot would hold up the swap.
            assert await value(filled, END, readers)
        if point == "in the swap":
            # It holds the run, so nobody can tell whether it will commit: who comes next waits.
            await wait_true(filled, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            sleeper.send_signal(signal.SIGCONT)
        await finished
        after = await rows_of(filled)
        sleeper.send_signal(signal.SIGCONT)
        _, said = await sleeper.communicate()
        assert await rows_of(filled) == after
    if sleeper.returncode != 0:
        assert said.decode().strip().endswith(f"RunLost: {RunLost()}")
    else:
        assert "swap" in point, "all that was asked for was done by then"
    assert await rows_of(filled, "leads") == {"leads_v1": right["leads_v1"]}
    assert await schemas(filled) == ["replaced_leads"]
    assert await unbalanced(filled) == []


async def test_who_is_frozen_within_a_transaction_is_not_waited_for_without_end(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await killed_at(filled, "chunk", "leads")
    await value(filled, AGES_AGO)
    token = await value(filled, "SELECT token FROM replay_scratch.run")
    async with (
        pool_of(filled) as pool,
        Scratch(pool, "replay_scratch", token, "projections").holding() as frozen,
    ):
        assert await frozen.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
        monkeypatch.setattr(scratch, "_WAIT_FOR_FROZEN", "100ms")
        with pytest.raises(SomebodyIsAtIt, match="ana is at it"):
            await rebuilt(filled, "leads", operator=BIA)
    await rebuilt(filled, "leads", operator=BIA)


async def test_a_schema_that_is_no_run_is_not_tried_for_ever(filled: str) -> None:
    await value(filled, "CREATE SCHEMA replay_scratch")
    with pytest.raises(RunLost):
        await rebuilt(filled, "leads")


async def test_an_unfinished_run_is_dropped_only_when_that_is_asked_for(filled: str) -> None:
    before = await rows_of(filled)
    await killed_at(filled, "chunk", "leads", company="company-1")
    with pytest.raises(UnfinishedRun, match="replay of leads for company company-1"):
        await rebuilt(filled, "leads", operator=Operator("caio", "here", os.getpid()))
    assert await abandoned(filled, ANA) == "replay of leads for company company-1"
    assert await abandoned(filled, ANA) is None
    assert await schemas(filled) == []
    assert await rows_of(filled) == before
    await rebuilt(filled, "leads", selection=Selection(company="company-1"))


async def test_a_look_at_live_traffic_that_is_not_answered_silences_nobody(filled: str) -> None:
    async def never() -> LiveLook:
        await asyncio.Event().wait()
        raise AssertionError

    async def heard() -> None:
        await wait_true(
            filled, "SELECT beat_at > started_at + interval '0.3 s' FROM replay_scratch.run"
        )

    hasty = replace(SETTINGS, stale_s=0.2)
    await rebuilt(filled, "leads", observer=Watched(compare=heard), look=never, settings=hasty)


async def test_a_look_that_swallows_its_cancellation_does_not_keep_a_run_from_its_end(
    filled: str,
) -> None:
    swallowed: list[bool] = []

    async def swallowing() -> LiveLook:
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            # As each of redis-py's commands may do in Python 3.11; the next one is heeded.
            if swallowed:
                raise
            swallowed.append(True)
        return LiveLook(alone=True, lag_s=0.0)

    async with asyncio.timeout(30):
        beating = replace(SETTINGS, beat_s=0.0)
        await rebuilt(filled, "leads", look=swallowing, settings=beating)
    assert swallowed == [True]


async def test_nothing_is_put_back_beneath_a_replay_that_has_not_ended(filled: str) -> None:
    await rebuilt(filled, "leads")
    await killed_at(filled, "chunk", "handoffs")
    async with pool_of(filled) as pool:
        with pytest.raises(CannotRebuild, match="replay of handoffs was begun and has not ended"):
            await put_back(
                pool,
                by_name("leads"),
                keep_old_s=0,
                who="ana",
                settings=SETTINGS,
                waits_for=lambda _: None,
            )


async def test_a_check_runs_beside_a_replay(filled: str) -> None:
    async def checked() -> None:
        (report,) = await rebuilt(filled, "leads", kind=Kind.CHECK, operator=BIA)
        assert report.equal

    assert all(r.equal for r in await rebuilt(filled, "leads", observer=Watched(filled=checked)))
    assert await schemas(filled) == ["replaced_leads"]


async def test_what_a_check_compares_is_not_swapped_meanwhile(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await forge(filled)
    replays: list[asyncio.Task[Any]] = []
    waited = asyncio.Event()
    table: Any = Comparison._table

    class Replaying(Watched):
        def waits_for(self, projection: str | None, readers: Sequence[Reader]) -> None:
            waited.set()

    async def compared_beside_a_replay(self: Comparison, *args: Any) -> Any:
        if not replays:
            replay = rebuilt(filled, "leads", operator=BIA, observer=Replaying(), keep_old_s=0)
            replays.append(asyncio.create_task(replay))
            waits = asyncio.create_task(waited.wait())
            await asyncio.wait([waits, *replays], return_when=asyncio.FIRST_COMPLETED, timeout=60)
            waits.cancel()
        return await table(self, *args)

    monkeypatch.setattr(Comparison, "_table", compared_beside_a_replay)
    (report,) = await rebuilt(filled, "leads", kind=Kind.CHECK)
    assert report.tables[0].changed > 0
    await replays[0]
    assert waited.is_set()
    (report,) = await rebuilt(filled, "leads", kind=Kind.CHECK)
    assert report.equal
