"""What makes a worker look again: here it never does by itself, and no commit wakes it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from runtime.companies.config import Company
from runtime.companies.directory import Directory
from runtime.turns.claims import Claims, Waiting
from runtime.turns.debounce import Debounce, DebounceSettings
from runtime.turns.gathering import Gathering
from runtime.turns.parts import TurnParts
from tests.turns.players import Ears, Mind, Nothing
from tests.turns.room import LEASE_S, centurion, room, worker

NEVER_S = 3600.0


async def test_the_end_of_a_turn_makes_room_for_the_company_s_next_one(
    database_url: str, redis_url: str
) -> None:
    company = Company.model_validate(
        {"id": "acme", "name": "Acme", "settings": {"turns_at_once": 1}}
    )
    async with room(database_url, redis_url, company=company) as here:
        for conversation in ("c-1", "c-2", "c-3"):
            await here.write("oi", conversation=conversation)
        await here.wait_agent_caught_up()
        async with worker(here, poll_s=NEVER_S):
            await here.wait_quiet()
    assert len(here.mind.asked) == 3


async def test_the_end_of_a_turn_makes_room_in_a_process_that_has_its_fill(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        for conversation in ("c-1", "c-2", "c-3"):
            await here.write("oi", conversation=conversation)
        await here.wait_agent_caught_up()
        async with worker(here, poll_s=NEVER_S, turns=1):
            await here.wait_quiet()
    assert len(here.mind.asked) == 3


async def test_what_a_turn_leaves_of_its_burst_is_not_left_lying(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        await here.write(*(f"linha {n}" for n in range(450)))
        await here.wait_agent_caught_up()
        async with worker(here, poll_s=NEVER_S):
            await here.wait_quiet()
    assert [len(one.burst) for one in here.mind.asked] == [200, 200, 50]


async def test_a_conversation_that_waits_for_its_time_is_taken_up_then(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url, centurions=[centurion(debounce_ms=600)]) as here:
        await here.write("oi")
        await here.wait_agent_caught_up()
        async with worker(here, poll_s=NEVER_S):
            await here.wait_quiet()
    assert len(here.mind.asked) == 1


async def test_what_one_look_told_is_claimed_without_another_one(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, who_waits = [0], Claims.who_waits

    async def counted(self: Claims) -> list[Waiting]:
        looks[0] += 1
        return await who_waits(self)

    monkeypatch.setattr(Claims, "who_waits", counted)
    quiet = centurion(debounce_ms=600_000)
    async with room(database_url, redis_url, centurions=[quiet]) as here:
        conversations = [f"c-{number}" for number in range(4)]
        for conversation in conversations:
            await here.write("oi", conversation=conversation)
        await here.wait_agent_caught_up()
        # Due one after the other, the first in two seconds; too few for a crowd, which would be paced.
        await here.pool.executemany(
            "UPDATE agent.bursts SET last_received_at ="
            " clock_timestamp() - make_interval(secs => 598 - $2) WHERE conversation_id = $1",
            [(one, number / 20) for number, one in enumerate(conversations)],
        )
        async with worker(here, poll_s=NEVER_S):
            await here.wait_quiet()
    assert len(here.mind.asked) == 4
    # One at the start; then only another process could have written.
    assert looks == [1]


class _Counted(Claims):
    looks = 0

    async def who_waits(self) -> list[Waiting]:
        self.looks += 1
        return await super().who_waits()


async def test_what_is_written_in_a_row_is_looked_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        claims = _Counted(pool, worker="w-1", lease_s=LEASE_S)
        parts = TurnParts(
            pool,
            Directory(pool, None),
            Gathering(pool, Nothing()),
            Mind(),
            {},
            ears := Ears(),
            16,
            LEASE_S,
        )
        settings = DebounceSettings(poll_s=1000 * NEVER_S, gather_s=NEVER_S)
        debounce = Debounce(parts, claims, settings=settings)
        loop = asyncio.get_running_loop()
        clock_s = loop.time
        later_s = 0.0
        monkeypatch.setattr(loop, "time", lambda: clock_s() + later_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(debounce.run())
            async with asyncio.timeout(30):
                while not ears.ticks:  # noqa: ASYNC110 - a real condition
                    await asyncio.sleep(0.001)
                for _ in range(20):
                    debounce.wake()
                    await pool.fetchval("SELECT 1")
                assert claims.looks == 1
            later_s = NEVER_S
            async with asyncio.timeout(30):
                while claims.looks < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            debounce.stop()
    assert claims.looks == 2
