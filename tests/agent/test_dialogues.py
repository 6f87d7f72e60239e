"""Whole little dialogues with the rules, as customers have them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from runtime.agent import phrases
from runtime.agent.context import Contact, Fact, Line, Passage
from runtime.agent.decision import Citation
from runtime.agent.reasons import Reason
from tests.agent.dialogue import BUDGET, EMAIL, MODEL, NAME, Dialogue, wants

HOURS = Passage(
    "faq",
    3,
    1,
    "Perguntas frequentes",
    "# Atendimento\nQual é o horário? Abrimos de segunda a sexta, das 9h às 18h.\n"
    "- **Garantia**: todo carro sai com 90 dias de garantia de motor e câmbio.\n"
    "Financiamos em até 60 vezes.",
    0.8,
)


def test_a_customer_is_greeted_asked_and_handed_over_once_all_is_known() -> None:
    talk = Dialogue(criteria=(NAME, MODEL, EMAIL))

    hello = talk.customer("boa tarde")
    assert hello.reason is Reason.GREETED
    assert hello.reply is not None
    assert "boa tarde" in hello.reply
    assert hello.reply.endswith("?")

    named = talk.customer("Rodrigo. quero financiar em 36x")
    assert talk.value("name") == "Rodrigo"
    assert named.reason is Reason.ASKED_FOR_FACT
    assert named.reply is not None
    assert "Rodrigo" in named.reply
    assert "o modelo de carro que você procura" in named.reply

    talk.customer("um onix plus 2021")
    assert talk.value("modelo") == "um onix plus 2021"

    done = talk.customer("rodrigo@exemplo.com.br")
    assert talk.value("email") == "rodrigo@exemplo.com.br"
    assert done.reason is Reason.NOTHING_LEFT_TO_ASK
    assert done.reply is not None
    assert "equipe" in done.reply
    assert done.handoff is not None
    assert "nome: Rodrigo" in done.handoff.brief
    assert "Falta" not in done.handoff.brief

    bye = talk.customer("obrigado!")
    assert bye.reason is Reason.GREETED
    assert bye.reply is not None
    assert "?" not in bye.reply


def test_knowledge_answers_and_the_next_fact_is_asked_for_in_the_same_reply() -> None:
    talk = Dialogue(passages=(HOURS,))
    answer = talk.customer("oi", "qual a garantia do carro?")
    assert answer.reason is Reason.ANSWERED_FROM_KNOWLEDGE
    quote = "**Garantia**: todo carro sai com 90 dias de garantia de motor e câmbio."
    assert answer.citations == (Citation("faq", 3, 1, f"- {quote}"),)
    assert answer.reply is not None
    assert "“Perguntas frequentes”" in answer.reply
    assert "Garantia: todo carro sai com 90 dias de garantia de motor e câmbio." in answer.reply
    assert "60 vezes" not in answer.reply
    assert answer.reply.endswith("?")

    talk.customer("Ana Lima")
    assert talk.value("name") == "Ana Lima"


def test_an_answer_to_our_question_is_not_answered_with_a_passage() -> None:
    talk = Dialogue(passages=(HOURS,))
    talk.customer("oi")
    assert talk.customer("me chamo Ana").reason is Reason.ASKED_FOR_FACT
    again = talk.customer("que horas vocês abrem?")
    assert again.reason is Reason.ANSWERED_FROM_KNOWLEDGE
    assert again.reply is not None
    assert "das 9h às 18h" in again.reply
    assert "Qual é o horário?" not in again.reply


def test_the_same_passage_is_not_quoted_twice_in_a_row() -> None:
    talk = Dialogue(criteria=(), passages=(HOURS,), handoff={"enabled": False})
    assert talk.customer("tem garantia?").reason is Reason.ANSWERED_FROM_KNOWLEDGE
    assert talk.customer("e a garantia?").reason is Reason.DID_NOT_KNOW


def test_a_question_nobody_can_answer_is_told_so_before_the_next_fact_is_asked_for() -> None:
    talk = Dialogue()
    reply = talk.customer("quanto custa o seguro?")
    assert reply.reason is Reason.ASKED_FOR_FACT
    assert reply.reply is not None
    assert "equipe" in reply.reply
    assert reply.reply.endswith("?")


def test_a_fact_is_asked_for_twice_in_other_words_and_then_left_alone() -> None:
    talk = Dialogue(criteria=(EMAIL, MODEL))
    first = talk.customer("queria um carro")
    second = talk.customer("não entendi")
    assert first.reply is not None
    assert second.reply is not None
    assert "e-mail" in first.reply
    assert "e-mail" in second.reply
    assert first.reply != second.reply
    third = talk.customer("hmm, e agora")
    assert third.reply is not None
    assert "o modelo de carro que você procura" in third.reply


def test_who_would_rather_not_say_is_asked_for_the_next_fact_at_once() -> None:
    talk = Dialogue(criteria=(wants("cpf", "seu CPF"), MODEL))
    talk.customer("oi")
    moved_on = talk.customer("prefiro não dizer")
    assert moved_on.reply is not None
    assert "problema" in moved_on.reply
    assert "o modelo de carro" in moved_on.reply
    assert talk.facts == {}


def test_a_question_in_place_of_an_answer_is_no_answer() -> None:
    talk = Dialogue(criteria=(MODEL,))
    talk.customer("oi")
    talk.customer("vocês têm onix?")
    assert talk.facts == {}
    talk.customer("kkkk")
    assert talk.facts == {}


def test_who_asks_for_a_human_gets_one_and_is_told_so() -> None:
    talk = Dialogue()
    talk.customer("oi")
    talk.customer("me chamo Marlene")
    asked = talk.customer("mas eu queria falar com gente mesmo, não entendo de celular")
    assert asked.reason is Reason.ASKED_FOR_HUMAN
    assert asked.reply is not None
    assert "Marlene" in asked.reply
    assert "fora do horário" not in asked.reply
    assert asked.handoff is not None
    assert asked.handoff.reason is Reason.ASKED_FOR_HUMAN
    assert asked.handoff.brief == (
        "O cliente pediu para falar com uma pessoa.\n"
        "Última mensagem: “mas eu queria falar com gente mesmo, não entendo de celular”\n"
        "Palavras: “falar com gente”\n"
        "Já sabemos: nome: Marlene\n"
        "Falta saber: seu e-mail"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"quiet_hours": {"start": "20:00", "end": "08:00"}},
        {"quiet_hours": {"start": "20:00", "end": "23:00"}},
        {"holidays": ["2026-11-03"]},
    ],
)
def test_who_asks_out_of_hours_is_told_so(settings: dict[str, object]) -> None:
    talk = Dialogue(settings=settings, now=datetime(2026, 11, 3, 21, 30, tzinfo=UTC))
    reply = talk.customer("quero falar com um atendente").reply
    assert reply is not None
    assert "horário de atendimento" in reply


def test_the_companys_own_message_is_what_the_customer_is_told() -> None:
    talk = Dialogue(handoff={"message": "Já chamo a Patrícia!", "words": ["platinum"]})
    decision = talk.customer("quero o plano Platinum")
    assert decision.reason is Reason.CONFIGURED_WORD
    assert decision.reply == "Já chamo a Patrícia!"


def test_an_empty_message_of_the_company_is_none() -> None:
    assert Dialogue(handoff={"message": " "}).customer("quero um atendente").reply


def test_where_no_human_can_be_asked_the_customer_is_told_and_helped_on() -> None:
    talk = Dialogue(handoff={"enabled": False})
    decision = talk.customer("quero falar com um atendente")
    assert decision.handoff is None
    assert decision.reason is Reason.DID_NOT_KNOW
    assert decision.reply is not None
    assert "não consigo" in decision.reply


def test_where_no_human_can_be_asked_the_rules_say_that_they_do_not_know() -> None:
    talk = Dialogue(criteria=(), handoff={"enabled": False})
    decision = talk.customer("quanto custa?")
    assert decision.handoff is None
    assert decision.reason is Reason.DID_NOT_KNOW


def test_several_failures_hand_over_with_an_apology() -> None:
    talk = Dialogue(failures=3)
    decision = talk.customer("alguém?")
    assert decision.reason is Reason.REPEATED_FAILURE
    assert decision.reply is not None
    assert decision.reply.startswith("Desculpe")
    assert Dialogue(failures=2).customer("alguém?").handoff is None


def test_an_opt_out_is_met_with_silence() -> None:
    talk = Dialogue()
    decision = talk.customer("pare de me mandar mensagem")
    assert decision.reply is None
    assert decision.silence is Reason.OPTED_OUT
    assert decision.handoff is None
    threat = talk.customer("parem de me mandar mensagem ou vou no procon")
    assert threat.reply is None
    assert threat.handoff is not None
    assert threat.handoff.reason is Reason.LEGAL_OR_FRAUD


def test_who_comes_back_is_welcome() -> None:
    decision = Dialogue(criteria=()).customer("quero voltar a receber mensagens")
    assert decision.reply is not None
    assert "de volta" in decision.reply


@pytest.mark.parametrize("burst", [("👍",), ("", None), ("?!",), (None,)])
def test_a_burst_without_words_is_not_answered(burst: tuple[str | None, ...]) -> None:
    decision = Dialogue().customer(*burst)
    assert decision.silence is Reason.NOTHING_TO_ANSWER
    assert decision.reply is None


def test_laughter_is_answered_only_where_an_answer_was_waited_for() -> None:
    talk = Dialogue(criteria=(EMAIL,))
    assert talk.customer("kkkk").silence is Reason.NOTHING_TO_ANSWER
    talk.customer("oi")
    assert talk.customer("kkkk").reason is Reason.ASKED_FOR_FACT


def test_who_asks_what_they_are_talking_to_is_told_the_truth() -> None:
    reply = Dialogue().customer("vc é um robô?").reply
    assert reply is not None
    assert "assistente virtual" in reply
    assert "pessoa" in reply


def test_an_agreement_to_our_question_is_no_goodbye() -> None:
    talk = Dialogue(criteria=(EMAIL,))
    talk.customer("oi")
    assert talk.customer("ok").reason is Reason.ASKED_FOR_FACT
    assert Dialogue(criteria=(EMAIL,)).customer("ok").reason is Reason.GREETED


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
        ("MARIA DE SOUZA", "MARIA DE SOUZA"),
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


def test_nobody_is_shouted_at() -> None:
    talk = Dialogue(criteria=(NAME, EMAIL))
    talk.customer("oi")
    reply = talk.customer("MARIA DE SOUZA").reply
    assert reply is not None
    assert "Maria!" in reply


def test_nobody_is_called_by_a_guess() -> None:
    talk = Dialogue(criteria=(NAME, EMAIL))
    talk.customer("oi")
    reply = talk.customer("metalico").reply
    assert talk.facts["name"].confidence == 0.5
    assert reply is not None
    assert "etalico" not in reply


def test_a_question_that_a_model_worded_is_known_by_its_label() -> None:
    talk = Dialogue(criteria=(MODEL, NAME))
    talk.history = [
        Line("contact", "oi"),
        Line("centurion", "Show! E pra começar, qual seria o seu nome?"),
    ]
    talk.customer("Rodrigo")
    assert talk.value("name") == "Rodrigo"


def test_the_brief_writes_amounts_and_days_as_people_do() -> None:
    talk = Dialogue(criteria=(BUDGET, wants("data", "a data da visita")))
    done = talk.customer("posso gastar 45 mil", "amanhã")
    assert talk.value("date") == date(2026, 11, 4).isoformat()
    assert done.handoff is not None
    assert "orçamento: R$ 45.000; data: 04/11/2026" in done.handoff.brief


def test_a_dialogue_in_english() -> None:
    talk = Dialogue(
        criteria=(wants("name", "your name"), wants("email", "your e-mail")), locale="en"
    )
    hello = talk.customer("hello")
    assert hello.reason is Reason.GREETED
    named = talk.customer("my name is Anna")
    assert talk.value("name") == "Anna"
    assert named.reply is not None
    assert "Anna" in named.reply
    assert "e-mail" in named.reply
    human = talk.customer("I want to talk to a human")
    assert human.reply is not None
    assert "team" in human.reply
    assert human.handoff is not None
    assert human.handoff.brief == (
        "The customer asked to talk to a person.\n"
        "Last message: “I want to talk to a human”\n"
        "Words: “talk to a human”\n"
        "Known: name: Anna\n"
        "Still to find out: your e-mail"
    )


def test_the_second_question_uses_the_words_for_it() -> None:
    talk = Dialogue(criteria=(EMAIL,))
    talk.customer("oi")
    second = talk.customer("não entendi").reply
    assert second is not None
    assert any(wording in second for wording in phrases.variants("ask_email_again", "pt-BR"))


def test_only_the_line_just_before_the_burst_asks() -> None:
    talk = Dialogue(criteria=(MODEL,))
    talk.customer("oi")
    talk.history.append(Line("contact", "um minuto"))
    talk.customer("um onix")
    assert talk.facts == {}


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
