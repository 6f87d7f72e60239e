"""Whole little dialogues with the rules, as customers have them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from runtime.agent import phrases
from runtime.agent.context import Passage
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


def _says(reply: str | None, phrase: str, **values: str) -> bool:
    """Whether a reply has one of the phrase's wordings in it."""
    blank = {"comma_name": "", "daytime": "boa tarde", **values}
    return any(one in (reply or "") for one in phrases.variants(phrase, "pt-BR", **blank))


def test_a_second_greeting_is_not_the_first_again() -> None:
    talk = Dialogue(criteria=())
    assert _says(talk.customer("oi").reply, "greeting")
    assert _says(talk.customer("oi").reply, "greeting_again")


def test_who_greets_with_a_time_of_day_is_greeted_with_the_same() -> None:
    assert "bom dia" in (Dialogue().customer("oi, bom dia").reply or "")
    assert "boa tarde" in (Dialogue().customer("oi").reply or "")


def test_who_comes_back_is_asked_what_is_still_missing() -> None:
    back = Dialogue(criteria=(EMAIL,)).customer("quero voltar a receber mensagens")
    assert _says(back.reply, "welcome_back")
    assert _says(back.reply, "ask_email")
    nothing_missing = Dialogue(criteria=()).customer("quero voltar a receber mensagens")
    assert _says(nothing_missing.reply, "how_can_i_help")


def test_a_matter_is_opened_with_what_its_customer_said() -> None:
    talk = Dialogue(criteria=(EMAIL, MODEL))
    assert _says(talk.customer("oi, queria um carro").reply, "hello")
    assert _says(talk.customer("ana@exemplo.com").reply, "noted")


def test_a_sentence_that_ends_with_thanks_is_closed() -> None:
    thanked = Dialogue(criteria=()).customer("vou pensar com calma, obrigada")
    assert thanked.reason is Reason.GREETED
    assert _says(thanked.reply, "thanked")


def test_only_where_there_is_a_team_is_one_promised() -> None:
    question = "quanto custa o seguro?"
    assert _says(Dialogue().customer(question).reply, "did_not_know_team")
    alone = Dialogue(handoff={"enabled": False})
    assert _says(alone.customer(question).reply, "did_not_know")
    robot = alone.customer("vc é um robô?").reply
    assert _says(robot, "is_a_robot_alone")
    assert "pessoa" not in (robot or "")


def test_who_asks_when_all_is_known_is_told_that_the_team_will_answer() -> None:
    assert _says(Dialogue(criteria=()).customer("tem garantia?").reply, "handoff_unanswered")
    said = Dialogue(criteria=()).customer("quero um onix").reply
    assert _says(said, "handoff_nothing_left_to_ask")


def test_what_is_told_where_nobody_takes_over_is_agreed_to() -> None:
    told = Dialogue(criteria=(), handoff={"enabled": False}).customer("me chamo Ana")
    assert told.reason is Reason.GREETED
    assert _says(told.reply, "agreed", comma_name=", Ana")


def test_who_cannot_have_a_human_is_asked_for_the_next_fact() -> None:
    alone = Dialogue(criteria=(EMAIL,), handoff={"enabled": False})
    assert _says(alone.customer("quero falar com um atendente").reply, "ask_email")


def test_a_threat_beside_an_opt_out_goes_to_a_human_only_where_there_is_one() -> None:
    threat = "parem de me mandar mensagem ou vou no procon"
    decision = Dialogue(handoff={"enabled": False}).customer(threat)
    assert decision.silence is Reason.OPTED_OUT
    assert decision.handoff is None


def test_what_led_to_a_decision_is_told() -> None:
    talk = Dialogue(passages=(HOURS,), criteria=(EMAIL,))
    decision = talk.customer("ana@exemplo.com, que horas vocês abrem?")
    assert [(step.what, step.detail) for step in decision.steps] == [
        ("fact", "email: ana@exemplo.com"),
        ("passage", "Perguntas frequentes (0.80)"),
    ]
    assert ("ask", "e-mail") in [
        (step.what, step.detail) for step in Dialogue(criteria=(EMAIL,)).customer("oi").steps
    ]
    human = Dialogue().customer("quero um atendente")
    assert ("trigger", "asked_for_human: quero um atendente") in [
        (step.what, step.detail) for step in human.steps
    ]
