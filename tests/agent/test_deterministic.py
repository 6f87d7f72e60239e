"""What holds of every decision by rules, whatever is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.agent import phrases
from runtime.agent.context import Fact, Line, Passage, TurnContext
from runtime.agent.decision import Decision, Thinker
from runtime.agent.deterministic import DeterministicThinker, decide_by_rules
from runtime.agent.reasons import Reason
from runtime.demo.script import conversations
from runtime.extraction import extract
from tests.agent.dialogue import BUDGET, EMAIL, MODEL, NAME, Dialogue, wants

_CODES = {str(reason) for reason in Reason}
_SNIPPETS = st.sampled_from(
    [
        "oi",
        "bom dia",
        "quanto custa?",
        "Rodrigo",
        "ana@x.com",
        "25 mil",
        "prefiro não dizer",
        "obrigada",
        "ok",
        "vou no procon",
        "quero um atendente",
        "parar",
        "voltar",
        "não",
        "sim",
        "👍",
        "moro em campinas",
        "Qual é o seu nome?",
        "11 98765-4321",
        "vc é robô?",
        "kkkk",
        "R$ 3.000",
        "{name}",
        "{0}",
        "%s",
    ]
)
_TEXTS = st.one_of(st.text(max_size=60), _SNIPPETS)


@st.composite
def _contexts(draw: st.DrawFn) -> TurnContext:
    label = draw(st.one_of(st.text(min_size=1, max_size=20), st.just("Qual é o bairro?")))
    criteria = draw(
        st.lists(
            st.sampled_from(
                (NAME, EMAIL, MODEL, BUDGET, wants("x", label), wants("cidade", label))
            ),
            unique_by=lambda c: c.key,
        )
    )
    talk = Dialogue(
        criteria=tuple(criteria),
        locale=draw(st.sampled_from(phrases.LOCALES)),
        handoff={"enabled": draw(st.booleans()), "words": draw(st.lists(_TEXTS, max_size=2))},
        failures=draw(st.integers(0, 4)),
        passages=tuple(
            Passage("d", 1, n, draw(_TEXTS), draw(_TEXTS), 0.5)
            for n in range(draw(st.integers(0, 2)))
        ),
    )
    for burst in draw(st.lists(st.lists(_TEXTS, min_size=1, max_size=2), max_size=4)):
        talk.customer(*burst)
    if draw(st.booleans()):
        talk.history.append(Line(draw(st.sampled_from(("human", "centurion"))), draw(_TEXTS)))
    return talk.context(*draw(st.lists(st.one_of(st.none(), _TEXTS), min_size=1, max_size=3)))


def _written(context: TurnContext) -> str:
    """All that others wrote and a reply may repeat."""
    passages = (f"{passage.title} {passage.text}" for passage in context.passages)
    labels = (criterion.label for criterion in context.centurion.qualification.criteria)
    facts = (str(fact.value) for fact in context.facts.values())
    return " ".join((*passages, *labels, *facts, context.question)).lower()


def _check(context: TurnContext, decision: Decision) -> None:
    assert decision.by == "rules"
    if decision.silence is None:
        assert decision.reply
        assert decision.reply.strip()
        codes = _CODES & set(re.findall(r"[a-z_]+", decision.reply))
        assert all(code in _written(context) for code in codes)
    else:
        assert decision.reply is None
    assert decision.reason in _CODES
    texts = {message.event_id: message.text or "" for message in context.burst}
    for fact in decision.facts:
        assert fact.by == "rules"
        assert fact.evidence in texts[fact.event_id]
    for citation in decision.citations:
        assert any(citation.quote in passage.text for passage in context.passages)
    if decision.handoff is not None:
        assert context.centurion.handoff.enabled
        assert decision.handoff.brief


@settings(deadline=None)
@given(_contexts())
def test_every_turn_is_decided_and_the_same_turn_in_the_same_way(context: TurnContext) -> None:
    decision = decide_by_rules(context, extract)
    _check(context, decision)
    assert decide_by_rules(context, extract) == decision


@settings(deadline=None)
@given(_contexts())
def test_the_same_question_is_never_put_twice_in_a_row_in_the_same_words(
    context: TurnContext,
) -> None:
    decision = decide_by_rules(context, extract)
    if decision.reason is Reason.ASKED_FOR_FACT and decision.reply:
        question = decision.reply.rsplit(". ", 1)[-1].rsplit("! ", 1)[-1]
        last = [line.text for line in context.history if line.role == "centurion"][-1:]
        assert not any(line.endswith(question) for line in last if len(question) > 25)


@given(_contexts(), _TEXTS)
def test_a_humans_fact_is_never_contradicted(context: TurnContext, value: str) -> None:
    names = ("name", "e-mail", "modelo", "orcamento", "cidade")
    event_id = context.burst[0].event_id
    humans = {name: Fact(name, value or "x", "", event_id, 1.0, "human") for name in names}
    told = TurnContext(
        **{
            **{name: getattr(context, name) for name in TurnContext.__slots__},
            "facts": humans,
        }
    )
    decision = decide_by_rules(told, extract)
    assert not {"name", "email", "modelo", "budget", "city"} & {f.name for f in decision.facts}


@pytest.mark.parametrize("written", conversations(), ids=lambda written: str(written.phone))
def test_the_customers_of_the_demo_are_all_answered(written: object) -> None:
    talk = Dialogue(criteria=(NAME, MODEL, BUDGET, EMAIL))
    lines = [line.text for line in written.lines if line.who == "c"]  # type: ignore[attr-defined]
    for text in lines:
        decision = talk.customer(text)
        assert decision.reply or decision.silence


async def test_the_thinker_decides_by_these_rules() -> None:
    thinker: Thinker = DeterministicThinker(extract)
    context = Dialogue().context("oi")
    assert await thinker.decide(context) == decide_by_rules(context, extract)
