"""A turn's steps in one statement each: written where things stand as they were seen, or not at all."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from runtime.channels.port import OutboundPart
from runtime.companies.config import Channel
from runtime.turns.claims import Claim, Claims, Pace
from runtime.turns.errors import ClaimLost
from runtime.turns.held import MOST_MESSAGES
from runtime.turns.recording import Recorded
from runtime.turns.seen import Seen
from runtime.turns.thought import Thought
from runtime.turns.turn import Turn
from tests.turns.armed import OPENS, RECORDS, SETTLES, ArmedParts
from tests.turns.room import LEASE_S, Room, centurion, room

CHANGES = {
    "a human has it": "UPDATE agent.conversation_control SET owner = 'human'",
    "it is closed": "UPDATE agent.conversation_control SET owner = 'closed'",
    "nothing more is wanted": "UPDATE agent.conversation_control SET opted_out = true",
    "the customer wrote": "UPDATE agent.conversation_control"
    " SET last_inbound_at = last_inbound_at + interval '1 second'",
    "the burst grew": "UPDATE agent.bursts SET last_position = last_position + 1",
    "the channel told something": "INSERT INTO agent.channel_reports (company_id, conversation_id,"
    " event_id, kind, text, occurred_at, received_at)"
    " SELECT company_id, conversation_id, gen_random_uuid(), 'sent', 'eu assumo', now(), now()"
    " FROM agent.conversation_control",
}
WRITTEN = """
SELECT (SELECT count(*) FROM agent.turns WHERE covers <> '{}') AS covering,
       (SELECT count(*) FROM agent.outbound) AS parts,
       (SELECT count(*) FROM agent.outbound WHERE state = 'sent') AS sent,
       (SELECT count(*) FROM agent.inbox_closures) AS closed,
       (SELECT count(*) FROM runtime.outbox) AS told
"""


async def written(pool: asyncpg.Pool) -> dict[str, int]:
    row = await pool.fetchrow(WRITTEN)
    assert row is not None
    return dict(row)


class Steps(ArmedParts):
    """Keeps what came of recording at once, and what the database had then."""

    came_of_it: list[tuple[Recorded | None, dict[str, int]]]

    async def recorded(self, seen: Seen, thought: Thought, channel: Channel) -> Recorded | None:
        recorded = await super().recorded(seen, thought, channel)
        self.came_of_it.append((recorded, await written(self.pool)))
        return recorded


def steps(here: Room, at: int, change: str) -> Steps:
    """A turn's parts; the change is made ahead of the transaction of that number."""

    async def make(claim: Claim, transaction: int) -> None:
        if transaction == at:
            await here.pool.execute(change)

    parts = here.parts(Steps)
    assert isinstance(parts, Steps)
    object.__setattr__(parts, "came_of_it", [])
    parts.arm(make)
    return parts


async def claimed(here: Room, *texts: str) -> Claim:
    """The claim of what a customer has written."""
    await here.write(*texts)
    await here.wait_true("SELECT EXISTS (SELECT FROM agent.bursts)")
    await here.wait_agent_caught_up()
    claims = Claims(here.pool, worker="w-1", lease_s=LEASE_S)
    [claim] = await claims.claim([Pace("acme", "", 0, 0, 8)], 1)
    return claim


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_decision_is_not_written_at_once_where_things_changed(
    database_url: str, redis_url: str, change: str
) -> None:
    async with room(database_url, redis_url) as here:
        parts = steps(here, RECORDS, change)
        await Turn(parts, await claimed(here, "oi")).run()
        nothing = {"covering": 1, "parts": 0, "sent": 0, "closed": 0, "told": 0}
        assert parts.came_of_it == [(None, nothing)]


async def test_a_decision_is_written_at_once_where_nothing_changed(
    database_url: str, redis_url: str
) -> None:
    async with room(database_url, redis_url) as here:
        parts = steps(here, RECORDS, "SELECT")
        await Turn(parts, await claimed(here, "oi")).run()
        [(recorded, found)] = parts.came_of_it
        assert recorded is not None
        assert found["parts"] == 1
        assert here.channels.texts == ["ouvi: oi"]
        assert here.ears.ends == [("replied", "answered")]


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (OPENS, {"covering": 0, "parts": 0, "sent": 0, "closed": 0, "told": 0}),
        (RECORDS, {"covering": 1, "parts": 0, "sent": 0, "closed": 0, "told": 0}),
        (SETTLES, {"covering": 1, "parts": 1, "sent": 0, "closed": 0, "told": 0}),
    ],
    ids=["opens", "records", "settles"],
)
async def test_who_has_lost_the_claim_writes_nothing(
    database_url: str, redis_url: str, at: int, left: dict[str, int]
) -> None:
    async with room(database_url, redis_url) as here:
        parts = steps(here, at, "UPDATE agent.turns SET fence = fence + 1, worker = 'w-2'")
        with pytest.raises(ClaimLost):
            await Turn(parts, await claimed(here, "oi")).run()
        assert await written(here.pool) == left


WATCH_COMMITS = """
CREATE TABLE public.commits (state text, waits text);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.commits VALUES (NEW.state, current_setting('synchronous_commit'));
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON agent.turns
    FOR EACH ROW EXECUTE FUNCTION public.note();
"""


async def test_only_what_can_be_done_again_does_not_wait_for_the_disk(
    database_url: str, redis_url: str
) -> None:
    conn = await asyncpg.connect(database_url)
    name = await conn.fetchval("SELECT current_database()")
    # The tests' server does not wait for it anywhere.
    await conn.execute(f"ALTER DATABASE {name} SET synchronous_commit = 'on'")
    await conn.execute(WATCH_COMMITS)
    async with room(database_url, redis_url) as here:
        await Turn(here.parts(), await claimed(here, "oi")).run()
    found = await conn.fetch("SELECT state, waits FROM public.commits")
    await conn.close()
    # Claimed and opened, then recorded and completed.
    assert [tuple(row) for row in found] == [
        *(("thinking", "off"), ("thinking", "off")),
        *(("sending", "on"), ("done", "on")),
    ]


async def test_a_turn_covers_no_more_than_it_takes(database_url: str, redis_url: str) -> None:
    async with room(database_url, redis_url) as here:
        claim = await claimed(here, *(f"linha {n}" for n in range(MOST_MESSAGES + 3)))
        seen = await here.parts().opened(claim)
        positions = [row["position"] for row in seen.messages]
        assert positions == sorted(positions)
        assert len(positions) == MOST_MESSAGES
        assert seen.turn.covers == tuple(row["event_id"] for row in seen.messages)
        assert (seen.turn.upper_position, seen.turn.seen_position) == (
            positions[-1],
            seen.turn.last_position,
        )
        assert seen.turn.causation_id == seen.messages[-1]["event_id"]
        [kept] = await here.pool.fetch(
            "SELECT covers, upper_position, seen_position, causation_id, correlation_id"
            " FROM agent.turns"
        )
        assert tuple(kept["covers"]) == seen.turn.covers
        assert tuple(kept)[1:] == (
            seen.turn.upper_position,
            seen.turn.seen_position,
            seen.turn.causation_id,
            seen.turn.correlation_id,
        )


async def test_a_connection_is_left_as_it_was(database_url: str, redis_url: str) -> None:
    told = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    async with room(database_url, redis_url, centurions=[centurion()]) as here:
        before = await here.pool.fetchrow(told)
        now: list[Any] = []

        async def look(part: OutboundPart) -> None:
            conns = [await here.pool.acquire() for _ in range(here.pool.get_size())]
            now.extend([await conn.fetchrow(told) for conn in conns])
            for conn in conns:
                await here.pool.release(conn)

        here.channels.before = look
        await Turn(here.parts(), await claimed(here, "oi")).run()
        assert set(now) == {before}
