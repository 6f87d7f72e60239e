"""How a lead is measured, and which events are due."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue.leads import LeadScored
from runtime.agent.context import Fact
from runtime.agent.decision import Finding
from runtime.agent.qualification import Scoring, lead_events, rules_hash, score
from runtime.companies.config import Criterion, Qualification


def _fact(name: str, value: Any = "x", evidence: str = "disse x") -> Fact:
    return Fact(name, value, evidence, UUID(int=1), 0.9, "rules")


def _present(key: str, field: str, weight: float = 1, required: bool = False) -> Criterion:
    return Criterion(
        key=key, type="field_present", weight=weight, required=required, label=key, field=field
    )


def _judged(key: str, weight: float = 1, required: bool = False) -> Criterion:
    return Criterion(
        key=key, type="llm", weight=weight, required=required, label=key, prompt="Quer comprar?"
    )


RULES = Qualification(
    threshold=0.7,
    criteria=(
        _present("nome", "nome", weight=0.3, required=True),
        _present("contato", "e-mail", weight=0.4),
        _judged("intencao", weight=0.3),
    ),
)


def test_the_score_is_the_met_share_of_the_weight() -> None:
    scoring = score(RULES, {"nome": _fact("nome")}, {"intencao": Finding(True, "quero comprar")})
    assert scoring.score == pytest.approx(0.6)
    assert not scoring.qualified
    assert [(c.key, c.met, c.evidence) for c in scoring.criteria] == [
        ("nome", True, "disse x"),
        ("contato", False, None),
        ("intencao", True, "quero comprar"),
    ]


def test_weights_add_up_as_people_add_them() -> None:
    scoring = score(RULES, {"name": _fact("name"), "email": _fact("email")}, {})
    assert scoring.score == 0.7
    assert scoring.qualified


def test_a_fact_under_another_name_of_it_counts() -> None:
    assert score(RULES, {"nome_completo": _fact("nome_completo")}, {}).criteria[0].met


def test_a_fact_without_a_value_is_not_known() -> None:
    assert not score(RULES, {"nome": _fact("nome", "")}, {}).criteria[0].met


def test_a_missing_required_criterion_forbids_what_the_score_allows() -> None:
    rules = Qualification(
        threshold=0.5, criteria=(_present("a", "a", 9), _present("b", "b", 1, required=True))
    )
    scoring = score(rules, {"a": _fact("a")}, {})
    assert scoring.score == 0.9
    assert not scoring.qualified


@pytest.mark.parametrize("criteria", [(), (_present("a", "a", 0), _judged("b", 0))])
def test_no_weight_at_all_scores_nothing(criteria: tuple[Criterion, ...]) -> None:
    rules = Qualification(threshold=0.1, criteria=criteria)
    scoring = score(rules, {"a": _fact("a")}, {"b": Finding(True)})
    assert scoring.score == 0
    assert not scoring.qualified


def test_weights_of_any_size_are_weighed() -> None:
    rules = Qualification(
        criteria=(_present("a", "a", 1e308), _present("b", "b", 1e308), _present("c", "c", 5e-324))
    )
    assert score(rules, {"a": _fact("a")}, {}).score == 0.5


def test_the_summary_speaks_the_locale() -> None:
    facts = {"nome": _fact("nome")}
    assert score(RULES, facts, {}).summary == (
        "Atende 1 de 3 critérios (30 %; mínimo 70 %). Tem: nome. Falta: contato e intencao."
    )
    assert score(RULES, facts, {}, locale="en").summary == (
        "Meets 1 of 3 criteria (30 %; at least 70 %). Has: nome. Missing: contato and intencao."
    )


def test_the_payload_is_one_of_the_catalogue_and_reads_back() -> None:
    scoring = score(RULES, {"nome": _fact("nome")}, {"intencao": Finding(False, "só olhando")})
    payload = LeadScored.model_validate(scoring.payload("l-1")).model_dump()
    assert Scoring.of(payload) == scoring


# Events.


def test_a_first_scoring_is_told() -> None:
    assert [e.type for e in lead_events(None, score(RULES, {}, {}))] == ["lead.scored"]


def test_the_same_scoring_is_told_once() -> None:
    scoring = score(RULES, {}, {})
    assert lead_events(scoring, score(RULES, {}, {}, locale="en")) == ()


def test_the_same_score_by_other_rules_is_told() -> None:
    harder = RULES.criteria[2].model_copy(update={"prompt": "Quer comprar hoje?"})
    rules = RULES.model_copy(update={"criteria": (*RULES.criteria[:2], harder)})
    due = lead_events(score(RULES, {}, {}), score(rules, {}, {}))
    assert [event.type for event in due] == ["lead.scored"]


def test_a_lead_qualifies_once() -> None:
    before = score(RULES, {"nome": _fact("nome")}, {})
    qualified = score(RULES, {"nome": _fact("nome"), "email": _fact("email")}, {})
    all_met = score(
        RULES, {"nome": _fact("nome"), "email": _fact("email")}, {"intencao": Finding(True)}
    )
    assert [e.type for e in lead_events(before, qualified)] == ["lead.scored", "lead.qualified"]
    assert lead_events(before, qualified)[1].scoring is qualified
    assert [e.type for e in lead_events(qualified, all_met)] == ["lead.scored"]
    assert [e.type for e in lead_events(before, qualified, standing="qualified")] == ["lead.scored"]


def test_only_a_refuted_required_criterion_disqualifies() -> None:
    rules = Qualification(criteria=(_judged("intencao", required=True), _judged("b")))
    start = score(rules, {}, {})
    for finding in (Finding(False), Finding(False, ""), Finding(True, "quero")):
        types = [e.type for e in lead_events(start, score(rules, {}, {"intencao": finding}))]
        assert "lead.disqualified" not in types
    optional = score(rules, {}, {"b": Finding(False, "não quero")})
    assert not optional.disqualified
    refuted = score(rules, {}, {"intencao": Finding(False, "não quero comprar nada")})
    assert [e.type for e in lead_events(start, refuted)] == ["lead.scored", "lead.disqualified"]
    assert lead_events(refuted, refuted) == ()


# Laws.

_KEYS = st.sampled_from("abcdefg")
_WEIGHTS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@st.composite
def _qualifications(draw: st.DrawFn) -> Qualification:
    keys = draw(st.lists(_KEYS, unique=True))
    criteria = [
        draw(
            st.builds(
                _present if draw(st.booleans()) else _judged_field,
                st.just(key),
                st.just(key),
                weight=_WEIGHTS,
                required=st.booleans(),
            )
        )
        for key in keys
    ]
    return Qualification(threshold=draw(st.floats(0, 1)), criteria=tuple(criteria))


def _judged_field(key: str, _field: str, weight: float, required: bool) -> Criterion:
    return _judged(key, weight, required)


@given(_qualifications(), st.sets(_KEYS), st.sets(_KEYS), st.sets(_KEYS))
def test_more_facts_never_lower_a_score(
    rules: Qualification, names: set[str], more: set[str], met: set[str]
) -> None:
    findings = {key: Finding(True) for key in met}
    few = score(rules, {name: _fact(name) for name in names}, findings)
    many = score(rules, {name: _fact(name) for name in names | more}, findings)
    assert 0 <= few.score <= many.score <= 1
    assert many.qualified or not few.qualified
    assert not many.disqualified


@given(_qualifications(), st.randoms())
def test_the_hash_stands_whatever_the_order_and_the_labels(
    rules: Qualification, order: random.Random
) -> None:
    criteria = [c.model_dump() for c in rules.criteria]
    order.shuffle(criteria)
    reordered = Qualification.model_validate(
        {
            "criteria": [dict(reversed({**c, "label": "other"}.items())) for c in criteria],
            "threshold": rules.threshold,
        }
    )
    assert rules_hash(reordered) == rules_hash(rules)


@pytest.mark.parametrize(
    "change",
    [{"weight": 2.0}, {"required": True}, {"field": "cpf"}, {"key": "other"}],
)
def test_what_decides_changes_the_hash(change: dict[str, Any]) -> None:
    plain = _present("a", "a")
    assert rules_hash(Qualification(criteria=(plain,))) != rules_hash(
        Qualification(criteria=(plain.model_copy(update=change),))
    )


def test_the_hash_is_the_same_in_every_process() -> None:
    assert rules_hash(RULES) == ("d3447f1393bf96abff0f32203fcf580aff8a5eff3d27da6d4d0a5d33236b2486")
