"""Workers that die or fall asleep with a turn in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import OutboundPart
from runtime.turns.claims import Claim, Claims, Pace
from runtime.turns.errors import ClaimLost
from runtime.turns.turn import Turn
from tests.channel_server.server import channel_server
from tests.consumers.members import wait_caught_up
from tests.forked_process import ForkedProcess, start_module
from tests.turns.room import LEASE_S, Room, centurion, room, worker
from tests.turns.test_sends import SENT as TOLD_SENT
from tests.turns.test_sends import UNKNOWN, Shown, shown, speaking
from tests.turns.victim import CLAIMED, MARKED, POINTS, RECORDED, SENT, THINKING

LEASES_END = "UPDATE agent.turns SET lease_until = clock_timestamp()"
Worker = ForkedProcess | asyncio.subprocess.Process


@asynccontextmanager
async def victim(database_url: str) -> AsyncIterator[Worker]:
    """A worker that stops at points; SIGKILL at the end."""
    process = await start_module("tests.turns.victim", database_url, str(LEASE_S))
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def stopped(process: Worker) -> str:
    """The next conversation whose turn has stopped."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        return (await process.stdout.readline()).decode().strip()


async def killed_at_each_point(
    database_url: str, redis_url: str, *, takes_idempotency_key: bool
) -> dict[str, Shown]:
    """One conversation a point; what each comes to once another worker is there."""
    async with channel_server(idempotent=takes_idempotency_key) as server:
        hook: dict[str, Any] = {
            "kind": "webhook",
            "url": server.url,
            "takes_idempotency_key": takes_idempotency_key,
        }
        async with room(
            database_url, redis_url, centurions=[centurion(channels={"*": hook})]
        ) as here:
            for point in POINTS:
                await here.write("oi", conversation=point)
            async with victim(database_url) as process:
                assert {await stopped(process) for _ in POINTS} == set(POINTS)
            await here.pool.execute(LEASES_END)
            async with speaking(here):
                await here.wait_quiet()
            attempts = await here.pool.fetch("SELECT attempts, worker FROM agent.turns")
            assert {tuple(row) for row in attempts} == {(2, "worker-1")}
            return {point: await shown(here, server, point) for point in POINTS}


async def test_a_killed_worker_s_turns_are_taken_up_and_delivered_once_with_a_key(
    database_url: str, redis_url: str
) -> None:
    found = await killed_at_each_point(database_url, redis_url, takes_idempotency_key=True)
    assert found == dict.fromkeys(POINTS, (*TOLD_SENT, 1))


async def test_without_a_key_a_killed_worker_s_send_is_never_repeated(
    database_url: str, redis_url: str
) -> None:
    found = await killed_at_each_point(database_url, redis_url, takes_idempotency_key=False)
    assert found == {
        CLAIMED: (*TOLD_SENT, 1),
        THINKING: (*TOLD_SENT, 1),
        RECORDED: (*TOLD_SENT, 1),
        MARKED: (*UNKNOWN, 0),
        SENT: (*UNKNOWN, 1),
    }


async def everything_written(here: Room) -> list[Any]:
    """All that turns write."""
    found: list[Any] = []
    for table in ("turns", "outbound", "inbox_closures", "facts", "scorings", "bursts"):
        found += await here.pool.fetch(f"SELECT * FROM agent.{table} AS t ORDER BY t")
    found += await here.pool.fetch("SELECT event_id FROM runtime.event_log ORDER BY event_id")
    found += await here.pool.fetch("SELECT event_id FROM runtime.outbox ORDER BY event_id")
    return found


@pytest.mark.parametrize("asleep_in", ["thinking", "sending"])
async def test_a_worker_that_wakes_up_after_its_lease_writes_nothing(
    database_url: str, redis_url: str, asleep_in: str
) -> None:
    async with room(database_url, redis_url) as here:
        asleep, woken = asyncio.Event(), asyncio.Event()

        async def sleep() -> None:
            if not asleep.is_set():
                asleep.set()
                await woken.wait()

        async def think(context: TurnContext) -> Decision:
            if asleep_in == "thinking":
                await sleep()
            return Decision(by="rules", reply="olá")

        async def before(part: OutboundPart) -> None:
            if asleep_in == "sending":
                await sleep()

        here.mind.think, here.channels.before = think, before
        await here.write("oi")
        await wait_caught_up(database_url, redis_url, group="agent")
        # Without what renews it: a worker whose loop stands still.
        stale = Claims(here.pool, worker="stale", lease_s=0.5)
        claimed: list[Claim] = []
        while not claimed:
            claimed = await stale.claim([Pace("acme", "", 0, 0, 8)], 1)
        turn = asyncio.create_task(Turn(here.parts(), claimed[0]).run())
        await asleep.wait()
        async with worker(here):
            await here.wait_quiet()
        before_it_woke = await everything_written(here)
        woken.set()
        with pytest.raises(ClaimLost):
            await turn
        assert await everything_written(here) == before_it_woke
        assert [turn[:2] for turn in await here.turns()] == [("replied", "answered")]
        ids = {part.message_id for part in here.channels.sent}
        assert len(ids) == 1


async def test_a_worker_that_lost_its_turn_stops_before_the_next_part(
    database_url: str, redis_url: str
) -> None:
    in_parts = centurion(channels={"*": {"kind": "log", "max_part_chars": 50}})
    async with room(database_url, redis_url, centurions=[in_parts]) as here:
        here.mind.think = lambda context: _decided("\n\n".join(["a" * 40, "b" * 40]))

        async def lose(part: OutboundPart) -> None:
            if len(here.channels.sent) == 0:
                await here.pool.execute(
                    "UPDATE agent.turns SET worker = 'other', fence = fence + 1, lease_until = now()"
                )

        here.channels.before = lose
        async with worker(here):
            await here.write("oi")
            await here.wait_quiet()
        assert here.ears.losses == 1
        # With the same key: the channel knows the first one.
        first, again, second = here.channels.sent
        assert (first.message_id, first.part) == (again.message_id, again.part)
        assert second.part == 2


async def _decided(reply: str) -> Decision:
    return Decision(by="rules", reply=reply)
