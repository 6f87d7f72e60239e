"""Two companies with the same ids everywhere and different words, and how to tell whose words are whose."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from events.partitioning import partition_of

PARTITIONS = 16


@dataclass(frozen=True, slots=True)
class Tenant:
    """`canary` stands in all that is its own, and in nothing else; its `goods` are common words."""

    id: str
    canary: str
    goods: str

    @property
    def api_key(self) -> str:
        return f"sk-{self.canary}"

    @property
    def hook(self) -> str:
        """The path of its channel."""
        return f"/hook/{self.canary}"

    @property
    def signing_secret(self) -> str:
        return "whsec_" + base64.b64encode(self.canary.ljust(24, "-").encode()).decode()


ACME = Tenant("acme", "quokkazul", "lontra")
ZETA = Tenant("zeta", "zebrarubra", "girafa")
TENANTS = (ACME, ZETA)


def other(tenant: Tenant) -> Tenant:
    """The one whose words must not show."""
    return ZETA if tenant is ACME else ACME


def strays(text: str, tenant: Tenant) -> bool:
    """Whether a text of a tenant's shows words of the other: also stemmed, also in capitals."""
    return other(tenant).canary[:7] in text.casefold()


def company_file(model_url: str, channel_url: str) -> str:
    """Both, as `companies apply` takes them."""
    sets = "".join(_credential_set(tenant, model_url) for tenant in TENANTS)
    companies = "".join(_company(tenant, channel_url) for tenant in TENANTS)
    return f"credential_sets:{sets}\ncompanies:{companies}"


def _credential_set(tenant: Tenant, model_url: str) -> str:
    return f"""
  - id: set-{tenant.id}
    name: Main account
    config:
      base_url: "{model_url}"
      api: chat
      max_attempts: 1
      daily_budget_usd: 5
      models: {{chat: gpt-5.4-mini}}
    secrets: {{api_key: {tenant.api_key}}}"""


def _company(tenant: Tenant, channel_url: str) -> str:
    canary, goods = tenant.canary, tenant.goods
    return f"""
  - id: {tenant.id}
    name: Loja {canary}
    settings: {{default_centurion_id: cora}}
    bindings: {{openai: {{mode: global, credential_set: set-{tenant.id}}}}}
    centurions:
      - id: cora
        name: Cora {canary}
        prompt: Atende pela casa {canary}.
        debounce_ms: 20
        max_wait_ms: 400
        handoff: {{to: fila-{canary}, message: "Vou chamar alguém da {canary}."}}
        qualification:
          criteria:
            - {{key: email, type: field_present, field: email, label: "e-mail {canary}"}}
            - {{key: fit, type: llm, label: "{canary}", prompt: "Wants something of {canary}."}}
        channels:
          whatsapp:
            kind: webhook
            url: "{channel_url}{tenant.hook}"
            secret: {tenant.signing_secret}
    knowledge:
      - id: prices
        title: Preços {canary}
        source: {canary}
        body: "Uma {goods} custa dez reais na {canary}. Um leão custa vinte na {canary}."
      - id: hours
        title: Horário
        body: "A loja {canary} abre às oito horas."
"""


def event(
    tenant: Tenant, type_: str, conversation: str, number: int, **payload: Any
) -> dict[str, Any]:
    """An event with the ids that the other tenant's event of the same number has too."""
    return {
        "id": str(_event_id(tenant, conversation, number)),
        "type": type_,
        "version": payload.pop("version", 1),
        "company_id": tenant.id,
        "conversation_id": conversation,
        "source": "tests",
        "correlation_id": f"cor-{number}",
        "causation_id": None,
        "payload": payload,
    }


def _event_id(tenant: Tenant, conversation: str, number: int) -> UUID:
    """The same in both, where they are not in the same stream."""
    places = {partition_of(one.id, conversation, PARTITIONS) for one in TENANTS}
    whose = tenant.id if len(places) < len(TENANTS) else ""
    return uuid5(NAMESPACE_URL, f"{whose}/{conversation}/{number}")
