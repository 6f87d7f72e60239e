"""What happens in the life of a tenant, and all of it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.tenants.house import House
from tests.tenants.tenants import ACME, TENANTS, Tenant, other

Deed = Callable[[House, Tenant, str], Awaitable[None]]


def _writes(text: str) -> Deed:
    async def deed(here: House, tenant: Tenant, conversation: str) -> None:
        said = text.format(canary=tenant.canary, goods=tenant.goods, theirs=other(tenant).goods)
        await here.write(tenant, conversation, said)

    return deed


async def _human_writes(here: House, tenant: Tenant, conversation: str) -> None:
    await here.publish(
        tenant,
        "message.sent",
        conversation,
        message_id="human-1",
        channel="whatsapp",
        contact={"id": conversation},
        text=f"aqui é a Bia da {tenant.canary}",
    )


def _handoff(step: str) -> Deed:
    async def deed(here: House, tenant: Tenant, conversation: str) -> None:
        await here.publish(
            tenant,
            f"handoff.{step}",
            conversation,
            handoff_id="h-1",
            reason="asked_for_human",
            by=f"bia-{tenant.canary}",
            brief=tenant.canary,
        )

    return deed


async def _human_knows(here: House, tenant: Tenant, conversation: str) -> None:
    await here.publish(
        tenant,
        "lead.fact_recorded",
        conversation,
        lead_id="lead-1",
        name="budget",
        value=f"tudo da {tenant.canary}",
        evidence=f"disse {tenant.canary}",
        event_id="01920000-0000-7000-8000-00000000beef",
        confidence=1.0,
        by="human",
    )


async def _newer_build_tells(here: House, tenant: Tenant, conversation: str) -> None:
    """What this build does not know waits, for each read model."""
    await here.publish(
        tenant, "lead.fact_recorded", f"{conversation}-newer", version=99, said=tenant.canary
    )


async def _follows_up(here: House, tenant: Tenant, conversation: str) -> None:
    await here.publish(
        tenant,
        "followup.scheduled",
        conversation,
        followup_id="f-1",
        rule=f"rule-{tenant.canary}",
        attempt=1,
        due_at="2026-11-02T12:00:00Z",
    )


async def _delivers(here: House, tenant: Tenant, conversation: str) -> None:
    await here.publish(
        tenant,
        "message.delivered",
        conversation,
        provider_message_id=f"p-{tenant.canary}",
        at="2026-11-02T12:00:00Z",
    )


async def _key_breaks(here: House, tenant: Tenant, conversation: str) -> None:
    if tenant is ACME:
        here.broken.add(tenant)


async def _key_works(here: House, tenant: Tenant, conversation: str) -> None:
    here.broken.discard(tenant)


async def _settles(here: House, tenant: Tenant, conversation: str) -> None:
    await here.room.wait_quiet()


DEEDS: dict[str, Deed] = {
    "greets": _writes("oi, sou cliente da {canary}"),
    "asks": _writes("quanto custa uma {goods}?"),
    "asks for what the other has": _writes("quanto custa uma {theirs}? e um leão?"),
    "tells": _writes("me chamo Ana, meu e-mail é ana@{canary}.com.br"),
    "wants a person": _writes("quero falar com uma pessoa da {canary}"),
    "wants no more": _writes("parar"),
    "human writes": _human_writes,
    "human accepts": _handoff("accepted"),
    "human gives back": _handoff("completed"),
    "human knows": _human_knows,
    "newer build tells": _newer_build_tells,
    "follows up": _follows_up,
    "channel delivers": _delivers,
    "key breaks": _key_breaks,
    "key works": _key_works,
    "all settles": _settles,
}


async def everything(here: House) -> None:
    """Both tenants go through all of it, side by side, with a model and without."""
    for number, deed in enumerate(DEEDS.values()):
        for tenant in TENANTS:
            await deed(here, tenant, f"all-{number}")
    here.broken.clear()
    await here.room.wait_quiet()
    for tenant in TENANTS:
        await here.write(tenant, "all-0", f"e quanto custa uma {tenant.goods}?")
    await here.room.wait_quiet()
