"""A human's own message from the channel takes the conversation over."""

from __future__ import annotations

from events.catalogue.service import HandoffAccepted
from projections.statements import statements
from runtime.agent.reasons import Reason
from runtime.ids import new_id
from runtime.outbox import append
from runtime.turns.closing import emitter
from runtime.turns.echoes import Echo, OwnMessage, by_humans
from runtime.turns.held import Held

_SQL = statements("runtime.turns", "echoes.sql")


async def settle_echoes(on: Held, *, partitions: int) -> Held:
    """Hold what the channel told against what we sent; what is left, a human wrote.

    Told as an accepted handoff, because the producer of the echo could not say whose it is.
    """
    if not on.has_echoes:
        return on
    place = on.claim.company_id, on.claim.conversation_id
    echoes = [Echo(*row) for row in await on.conn.fetch(_SQL["echoes"], *place)]
    own = [OwnMessage(*row) for row in await on.conn.fetch(_SQL["own outbound"], *place)]
    human = by_humans(echoes, own)
    await on.conn.execute(_SQL["take out"], *place, [echo.event_id for echo in echoes])
    if not human or on.control.owner != "bot":
        return on
    handoff_id = str(new_id())
    await on.conn.execute(_SQL["give to a human"], *place, handoff_id)
    payload = HandoffAccepted(handoff_id=handoff_id, reason=Reason.HUMAN_TOOK_OVER, by="channel")
    await append(on.conn, [emitter(on).event("handoff.accepted", payload)], partitions=partitions)
    return on.given_to_human()
