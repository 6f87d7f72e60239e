"""Leads: their stage, their facts and when they qualified."""

from __future__ import annotations

from projections.leads import PROJECTION, Lead
from tests.projections.spec import Spec, event, given

KEY = ("acme", "c-1", "l-1")


def _lead(spec: Spec) -> Lead:
    row = spec.tables["leads"][KEY]
    assert isinstance(row, Lead)
    return row


def test_qualified_at_never_moves() -> None:
    qualified = event("lead.qualified")
    given(PROJECTION, event("lead.created"), qualified).when(
        event("lead.disqualified"), event("lead.qualified", score=0.9)
    ).then(
        {
            "leads": {
                KEY: {
                    "qualified_at": qualified.event.occurred_at,
                    "score": 0.9,
                    "stage": "qualified",
                }
            }
        }
    )


def test_a_fact_of_a_human_is_replaced_only_by_a_human() -> None:
    spec = given(PROJECTION, event("lead.fact_recorded", value="Olinda", by="human"))
    spec.when(event("lead.fact_recorded", value="Recife", by="llm"))
    assert _lead(spec).facts["city"]["value"] == "Olinda"
    spec.when(event("lead.fact_recorded", value="Natal", by="human"))
    assert _lead(spec).facts["city"]["value"] == "Natal"


def test_a_lead_is_contacted_by_the_first_answer_and_handed_off_to_a_human() -> None:
    spec = given(PROJECTION, event("lead.created")).when(event("message.sent"))
    spec.then({"leads": {KEY: {"stage": "contacted"}}})
    spec.when(event("handoff.accepted"), event("lead.qualified")).then(
        {"leads": {KEY: {"stage": "handed_off"}}}
    )


def test_an_erased_contact_leaves_no_facts() -> None:
    given(PROJECTION, event("lead.fact_recorded"), event("lead.scored")).when(
        event("contact.erased")
    ).then({"leads": {KEY: {"facts": {}, "criteria": [], "summary": None, "score": 0.8}}})
