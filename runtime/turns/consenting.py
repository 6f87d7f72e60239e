"""What a customer wants of being written to at all holds at once, whoever would answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from events.catalogue.fields import Contact
from events.catalogue.service import ContactOptedIn, ContactOptedOut
from projections.statements import statements
from runtime.agent.consent import consent_of
from runtime.agent.context import Inbound
from runtime.outbox import append
from runtime.turns.closing import emitter
from runtime.turns.held import Held
from runtime.turns.seen import Seen

_SQL = statements("runtime.turns", "consenting.sql")


def changes_consent(seen: Seen, burst: Sequence[Inbound]) -> bool:
    """Whether the burst's last word on it is another than what holds."""
    consent = consent_of(burst)
    return consent is not None and (consent.wants == "out") != seen.control.opted_out


async def heed(on: Held, burst: Sequence[Inbound], *, partitions: int) -> Held:
    """Apply the burst's last word on it, and tell it, when it changes anything."""
    consent = consent_of(burst)
    if consent is None or (consent.wants == "out") == on.control.opted_out:
        return on
    is_out = consent.wants == "out"
    claim = on.claim
    await on.conn.execute(_SQL["opt"], claim.company_id, claim.conversation_id, is_out)
    model = ContactOptedOut if is_out else ContactOptedIn
    payload = model(
        contact=Contact(**{"id": claim.conversation_id, **on.control.contact}),
        channel=on.control.channel or "unknown",
        evidence=consent.quote,
        event_id=consent.event_id,
    )
    event = emitter(on).event(f"contact.opted_{consent.wants}", payload)
    await append(on.conn, [event], partitions=partitions)
    return replace(on, control=replace(on.control, opted_out=is_out))
