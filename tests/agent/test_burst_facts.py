"""What a burst tells of its writer, and what it only seems to tell."""

from __future__ import annotations

import pytest

from runtime.agent.context import Contact, Fact
from tests.agent.dialogue import BUDGET, EMAIL, MODEL, NAME, Dialogue, wants


def test_a_question_in_place_of_an_answer_is_no_answer() -> None:
    talk = Dialogue(criteria=(MODEL,))
    talk.customer("oi")
    talk.customer("vocês têm onix?")
    assert talk.facts == {}
    talk.customer("kkkk")
    assert talk.facts == {}


def test_what_a_human_knows_is_not_asked_for_or_contradicted() -> None:
    talk = Dialogue(criteria=(NAME, EMAIL))
    human = Fact("nome", "Ana Souza", "Ana Souza", talk.context("x").burst[0].event_id, 1, "human")
    talk.facts = {"nome": human}
    decision = talk.customer("me chamo Bia")
    assert decision.facts == ()
    assert decision.reply is not None
    assert "e-mail" in decision.reply
    assert "Bia" not in decision.reply


def test_the_number_that_the_channel_gives_is_not_asked_for() -> None:
    talk = Dialogue(
        criteria=(wants("whatsapp", "seu telefone"), EMAIL),
        contact=Contact("c-1", name="Ju", phone="11 98765-4321"),
    )
    decision = talk.customer("oi")
    assert decision.reply is not None
    assert "e-mail" in decision.reply
    (fact,) = decision.facts
    assert (fact.name, fact.value, fact.evidence) == ("phone", "+5511987654321", "11 98765-4321")


def test_bare_answers_are_understood_after_their_question() -> None:
    talk = Dialogue(
        criteria=(wants("cidade", "sua cidade"), BUDGET, wants("cliente", "Já é cliente?"))
    )
    talk.customer("bom dia")
    talk.customer("taubaté. o prédio é alugado")
    assert talk.value("city") == "Taubaté"
    talk.customer("3500 tudo")
    assert talk.value("budget") == "3500.00"
    talk.customer("não")
    assert talk.value("cliente") == "não"


def test_an_amount_that_was_paid_is_no_budget() -> None:
    talk = Dialogue(criteria=(BUDGET,))
    talk.customer("paguei 78 mil nesse carro")
    assert talk.facts == {}
    talk.customer("posso gastar 45 mil")
    assert talk.value("budget") == "45000.00"


def test_amounts_go_to_the_fact_that_their_message_names() -> None:
    talk = Dialogue(criteria=(BUDGET, wants("entrada", "sua entrada")))
    talk.customer("tenho 15 mil de entrada")
    assert talk.value("down_payment") == "15000.00"
    assert talk.value("budget") is None


def test_facts_quote_the_message_that_they_stand_in() -> None:
    talk = Dialogue()
    context = talk.context("oi", "me chamo Ana", "ana@exemplo.com")
    talk.turns -= 1
    decision = talk.customer("oi", "me chamo Ana", "ana@exemplo.com")
    assert [(f.name, f.evidence, f.event_id) for f in decision.facts] == [
        ("name", "Ana", context.burst[1].event_id),
        ("email", "ana@exemplo.com", context.burst[2].event_id),
    ]


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Rodrigo. quero financiar", "Rodrigo"),
        ("é o rodrigo", "Rodrigo"),
        ("oi, ana lima", "Ana Lima"),
        ("MARIA DE SOUZA", "Maria de Souza"),
        ("Kleydson", "Kleydson"),
        ("keirrison", "Keirrison"),
        ("é o keirrison!", "Keirrison"),
        ("qto ta a mensalidade?", None),
        ("metálico, de zinco", None),
        ("veio e resolveu", None),
        ("terça", None),
        ("vcs aceitam fgts", None),
        ("não", None),
        ("12345", None),
    ],
)
def test_a_bare_name_is_told_from_what_is_none(answer: str, name: str | None) -> None:
    talk = Dialogue(criteria=(NAME,))
    talk.customer("oi")
    talk.customer(answer)
    assert talk.value("name") == name


def test_of_a_range_the_upper_end_is_the_budget() -> None:
    talk = Dialogue(criteria=(BUDGET,))
    talk.customer("posso gastar de R$ 2.000 a R$ 3.000")
    assert talk.value("budget") == "3000.00"


def test_an_amount_by_the_way_does_not_replace_the_one_that_was_asked_for() -> None:
    talk = Dialogue(criteria=(BUDGET, EMAIL))
    talk.customer("oi")
    talk.customer("R$ 45.000")
    talk.customer("vi um de R$ 60.000 na rua")
    assert talk.value("budget") == "45000.00"


def test_what_is_known_is_not_told_again() -> None:
    talk = Dialogue()
    assert talk.customer("me chamo Ana").facts
    assert talk.customer("como disse, me chamo Ana").facts == ()


def test_a_surer_fact_gives_way_only_to_one_that_is_nearly_as_sure() -> None:
    talk = Dialogue(criteria=(EMAIL,))
    talk.customer("me chamo Ana")
    talk.customer("Bia aqui")
    assert talk.value("name") == "Ana"
    talk.customer("sou a Bia")
    assert talk.value("name") == "Bia"


def test_of_several_finds_in_a_message_the_first_counts_of_several_messages_the_last() -> None:
    talk = Dialogue()
    talk.customer("ana@exemplo.com ou ana@outro.com")
    assert talk.value("email") == "ana@exemplo.com"
    talk = Dialogue()
    talk.customer("ana@exemplo.com", "não, é ana@outro.com")
    assert talk.value("email") == "ana@outro.com"


def test_the_number_that_the_channel_gives_is_told_only_where_it_is_wanted_and_not_known() -> None:
    contact = Contact("c-1", phone="11 98765-4321")
    assert Dialogue(contact=contact).customer("oi").facts == ()
    talk = Dialogue(contact=contact, criteria=(wants("telefone", "seu telefone"),))
    first = talk.context("oi").burst[0].event_id
    talk.facts = {"phone": Fact("phone", "+551133334444", "1133334444", first, 0.5, "rules")}
    assert talk.customer("oi").facts == ()


def test_of_what_nobody_wants_only_what_names_somebody_is_kept() -> None:
    talk = Dialogue(criteria=(MODEL,))
    talk.customer("me chamo Ana, moro em Campinas, ana@exemplo.com, 11 98765-4321")
    assert sorted(talk.facts) == ["city", "email", "name", "phone"]
    assert Dialogue().customer("tenho 25 mil, dia 20, cpf 529.982.247-25").facts == ()


def test_an_amount_is_the_fact_that_was_asked_for() -> None:
    talk = Dialogue(criteria=(BUDGET, wants("entrada", "sua entrada")))
    talk.customer("oi")
    talk.customer("R$ 45.000")
    talk.customer("R$ 15.000")
    assert (talk.value("budget"), talk.value("down_payment")) == ("45000.00", "15000.00")


def test_an_amount_a_month_is_no_budget() -> None:
    talk = Dialogue(criteria=(BUDGET, EMAIL))
    talk.customer("queria um que desse R$ 800 por mês")
    assert talk.facts == {}
