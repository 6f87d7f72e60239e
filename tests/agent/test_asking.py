"""What is asked for next, in which words, and when a question is let go."""

from __future__ import annotations

from runtime.agent import phrases
from runtime.agent.context import Line
from tests.agent.dialogue import EMAIL, MODEL, NAME, Dialogue, wants


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


def test_a_question_that_a_model_worded_is_known_by_its_label() -> None:
    talk = Dialogue(criteria=(MODEL, NAME))
    talk.history = [
        Line("contact", "oi"),
        Line("centurion", "Show! E pra começar, qual seria o seu nome?"),
    ]
    talk.customer("Rodrigo")
    assert talk.value("name") == "Rodrigo"


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


def test_a_question_is_never_put_in_the_very_words_of_the_line_before() -> None:
    (first, *_) = wordings = phrases.variants("ask_email_again", "pt-BR")
    asked = set()
    for turn in range(20):
        talk = Dialogue(criteria=(EMAIL,), turns=turn, history=[Line("centurion", first)])
        asked.add(talk.customer("não entendi").reply)
    assert asked == set(wordings) - {first}


def test_what_a_human_asked_is_no_try_of_ours() -> None:
    talk = Dialogue(criteria=(EMAIL,))
    for _ in range(2):
        talk.history.append(Line("human", "Qual é o seu e-mail?"))
    reply = talk.customer("queria um carro").reply
    assert any(w in (reply or "") for w in phrases.variants("ask_email", "pt-BR"))


def test_a_label_is_written_small_in_the_middle_of_a_question() -> None:
    talk = Dialogue(criteria=(wants("bairro", "O bairro da entrega"), EMAIL))
    assert "o bairro da entrega" in (talk.customer("oi").reply or "")
    talk = Dialogue(criteria=(wants("rg", "RG do titular"), EMAIL))
    assert "RG do titular" in (talk.customer("oi").reply or "")
