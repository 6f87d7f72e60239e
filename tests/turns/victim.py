"""A worker in a process of its own whose turns stop at points, to be killed there.

`python -m tests.turns.victim DATABASE_URL LEASE_S`. Each conversation is called by the point at
which its turn stops, with whatever behind a `-`. Says each conversation that has stopped, a line each.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import asyncpg

from runtime.agent.context import TurnContext
from runtime.agent.decision import Decision
from runtime.channels.port import OutboundPart, Sent
from runtime.channels.webhook import WebhookSender, webhook_sessions
from runtime.companies.config import Channel
from runtime.companies.directory import Directory
from runtime.turns.claims import Claim, Claims
from runtime.turns.debounce import Debounce, DebounceSettings
from runtime.turns.gathering import Gathering
from tests.turns.armed import OPENS, RECORDS, SETTLES, ArmedParts
from tests.turns.players import Ears, Nothing

CLAIMED, THINKING, RECORDED, MARKED, SENT = "claimed", "thinking", "recorded", "marked", "sent"
POINTS = (CLAIMED, THINKING, RECORDED, MARKED, SENT)
_AHEAD_OF = {OPENS: CLAIMED, RECORDS: RECORDED, SETTLES: SENT}


async def stop_at(point: str | None, conversation_id: str) -> None:
    """Stop for good where the conversation's name says so."""
    if point is not None and conversation_id.partition("-")[0] == point:
        print(conversation_id, flush=True)
        await asyncio.Event().wait()


class _Thinker:
    async def decide(self, context: TurnContext) -> Decision:
        await stop_at(THINKING, context.conversation_id)
        return Decision(by="rules", reply=f"ouvi: {context.question}")


class _Sender(WebhookSender):
    async def send(self, part: OutboundPart, channel: Channel, secret: str | None) -> Sent:
        await stop_at(MARKED, part.conversation_id)
        return await super().send(part, channel, secret)


async def _before(claim: Claim, transaction: int) -> None:
    await stop_at(_AHEAD_OF.get(transaction), claim.conversation_id)


async def main(database_url: str, lease_s: float) -> None:
    """Work until killed."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=10)
    async with webhook_sessions() as sessions:
        parts = ArmedParts(
            pool,
            Directory(pool, None),
            Gathering(pool, Nothing()),
            _Thinker(),
            {"webhook": _Sender(sessions, now=lambda: datetime.now(UTC))},
            Ears(),
            16,
            lease_s,
        ).arm(_before)
        claims = Claims(pool, worker="victim", lease_s=lease_s)
        await Debounce(parts, claims, settings=DebounceSettings(poll_s=0.1, watch_s=0.1)).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
