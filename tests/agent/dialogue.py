"""A little dialogue with the rules: what the customer writes, what is decided, what is then known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from runtime.agent.context import Contact, Fact, Inbound, Line, Passage, TurnContext
from runtime.agent.decision import Decision
from runtime.agent.deterministic import decide_by_rules
from runtime.companies.config import Centurion, Company, Criterion, Handoff, Qualification
from runtime.extraction import extract

_IDS = UUID("2b2f0d2e-7a53-4f0e-9d0a-0d7a5a9e3c11")


def wants(field_name: str, label: str, *, required: bool = True) -> Criterion:
    """A criterion that a fact be known."""
    return Criterion(
        key=field_name, type="field_present", required=required, label=label, field=field_name
    )


NAME = wants("nome", "seu nome")
EMAIL = wants("e-mail", "seu e-mail")
MODEL = wants("modelo", "o modelo de carro que você procura")
BUDGET = wants("orcamento", "seu orçamento")


@dataclass
class Dialogue:
    """The state that a conversation leaves behind, turn by turn."""

    criteria: tuple[Criterion, ...] = (NAME, EMAIL)
    locale: str = "pt-BR"
    handoff: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    passages: tuple[Passage, ...] = ()
    contact: Contact = field(default_factory=lambda: Contact("c-1"))
    now: datetime = datetime(2026, 11, 3, 14, 0, tzinfo=UTC)
    failures: int = 0
    history: list[Line] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    turns: int = 0

    def context(self, *texts: str | None) -> TurnContext:
        """The context in which a burst is decided."""
        self.turns += 1
        burst = tuple(
            Inbound(uuid5(_IDS, f"{self.turns}-{n}"), f"m-{n}", "text", text, self.now)
            for n, text in enumerate(texts)
        )
        company: dict[str, Any] = {"id": "acme", "name": "Acme", "settings": self.settings}
        return TurnContext(
            turn_id=uuid5(_IDS, f"turn {self.turns}"),
            company=Company.model_validate({**company, "locale": self.locale}),
            centurion=Centurion(
                id="vendas",
                name="Vendas",
                qualification=Qualification(criteria=self.criteria),
                handoff=Handoff.model_validate(self.handoff),
            ),
            conversation_id="c-1",
            channel="whatsapp",
            contact=self.contact,
            burst=burst,
            now=self.now,
            history=tuple(self.history),
            facts=dict(self.facts),
            passages=self.passages,
            failures=self.failures,
        )

    def customer(self, *texts: str | None) -> Decision:
        """A burst, decided; the history and the facts grow by it."""
        context = self.context(*texts)
        decision = decide_by_rules(context, extract)
        self.history += [Line("contact", text) for text in texts if text]
        if decision.reply:
            self.history.append(Line("centurion", decision.reply))
        self.facts |= {fact.name: fact for fact in decision.facts}
        return decision

    def value(self, name: str) -> Any:
        """What is known under a name."""
        return self.facts[name].value if name in self.facts else None
