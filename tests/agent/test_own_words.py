"""What counts as an answer to a question, in words that nothing else marks as a fact."""

from __future__ import annotations

import pytest

from tests.agent.dialogue import BUDGET, EMAIL, MODEL, Dialogue, wants

BAIRRO = wants("bairro", "o bairro")


@pytest.mark.parametrize(
    ("answer", "model"),
    [
        ("um onix", "um onix"),
        ("o onix que meu vizinho tem " * 5, None),
        ("sim", None),
        ("ana@exemplo.com", None),
        ("um onix, ana@exemplo.com", "um onix, ana@exemplo.com"),
        ("bom dia", None),
        ("obrigado", None),
        ("não sei", None),
    ],
)
def test_a_whole_message_is_an_answer_only_where_it_can_be_one(
    answer: str, model: str | None
) -> None:
    talk = Dialogue(criteria=(MODEL, BAIRRO))
    talk.customer("oi")
    talk.customer(answer)
    assert talk.value("modelo") == model


def test_a_yes_answers_a_question_that_is_put_so() -> None:
    for label in ("Já é cliente?", "se já é cliente"):
        talk = Dialogue(criteria=(wants("cliente", label), EMAIL))
        talk.customer("oi")
        talk.customer("sim")
        assert talk.value("cliente") == "sim"


@pytest.mark.parametrize(
    ("answer", "budget"),
    [
        ("3500", "3500.00"),
        ("uns 3500", "3500.00"),
        ("25", None),
        ("3500 se for preciso, mas prefiro menos que isso", None),
        ("3500?", None),
    ],
)
def test_a_bare_number_is_an_amount_where_it_is_all_that_is_said(
    answer: str, budget: str | None
) -> None:
    talk = Dialogue(criteria=(BUDGET, EMAIL))
    talk.customer("oi")
    talk.customer(answer)
    assert talk.value("budget") == budget


@pytest.mark.parametrize(
    ("answer", "city"),
    [
        ("taubaté. o prédio é alugado", "Taubaté"),
        ("em xiririca", "Xiririca"),
        ("xiririca. fica longe", None),
        ("la onde judas perdeu as botas", None),
    ],
)
def test_a_town_that_nobody_knows_is_believed_only_alone(answer: str, city: str | None) -> None:
    talk = Dialogue(criteria=(wants("cidade", "sua cidade"), EMAIL))
    talk.customer("oi")
    talk.customer(answer)
    assert talk.value("city") == city
