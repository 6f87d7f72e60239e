"""What kind of thing a short text is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent import utterances
from runtime.agent.utterances import (
    asks,
    asks_what_i_am,
    begins_with_greeting,
    courtesy,
    ends_with_thanks,
    has_words,
    is_greeting,
    is_noise,
    is_yes_or_no,
    refuses,
)


def _lines(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


@pytest.mark.parametrize(
    "text",
    _lines("""
oi
Oi!
oiii
oiee
Olá, tudo bem?
boa tarde
BOM DIA!!!
bom dia pessoal
oi, bom dia, tudo bem com vocês?
opa, beleza?
e aí
Hello
hi there!
Good morning, how are you?
alguém?
tem alguém aí?
"""),
)
def test_a_greeting_is_one(text: str) -> None:
    assert is_greeting(text)
    assert begins_with_greeting(text)


@pytest.mark.parametrize(
    "text",
    _lines("""
oi, quanto custa?
boa tarde tenho 67 anos
olá procuro apto
oitenta reais
obrigado, boa noite
hino nacional
boate
tudo
"""),
)
def test_more_than_a_greeting_is_none(text: str) -> None:
    assert not is_greeting(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("obrigado!", "thanked"),
        ("mto obrigada", "thanked"),
        ("obrigadaaa 💚", "thanked"),
        ("obgg", "thanked"),
        ("vlw", "thanked"),
        ("ok, obrigado pela ajuda", "thanked"),
        ("muito obrigado, boa noite!", "thanked"),
        ("era só isso, obrigada", "thanked"),
        ("agradeço demais", "thanked"),
        ("Thank you so much!", "thanked"),
        ("tchau", "goodbye"),
        ("até mais", "goodbye"),
        ("bye", "goodbye"),
        ("ok", "agreed"),
        ("blz", "agreed"),
        ("ta bom então", "agreed"),
        ("combinado!", "agreed"),
        ("numero errado desculpa", "wrong_number"),
        ("Desculpa, foi engano, número errado", None),
        ("sorry, wrong number", "wrong_number"),
        ("obrigado, mas quanto custa?", None),
        ("ok, meu nome é Ana", None),
        ("bom dia", None),
        ("e", None),
        ("muito", None),
        ("", None),
    ],
)
def test_a_courtesy_is_told_from_what_says_more(text: str, kind: str | None) -> None:
    assert courtesy(text) == kind


@pytest.mark.parametrize(
    "text",
    _lines("""
quanto custa
Quanto custa?
oi, qto custa aparelho invisivel
qual a mensalidade
vcs tem vaga
tem desconto p irmao? sao 2
aceita fgts
q horas abre a secretaria
o uniforme compra onde
aparelho invisivel quanto
sai q dia
bah quanto ta o plano
gostaria de saber o preço
cade meu pedido 88123
como faço pra pagar
how much is it
do you deliver?
"""),
)
def test_a_question_needs_no_question_mark(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    _lines("""
um onix plus 2021
me chamo Ana
moro em Campinas
3500 tudo
jabaquara
quero comprar um carro
procuro apto pra alugar
não sei quando
obrigado
ceramica
"""),
)
def test_a_statement_asks_nothing(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    _lines("""
prefiro não dizer
não quero informar
não vou passar meu CPF
não sei
sei lá
agora não
depois eu passo
pra que você quer?
por que precisa disso
não tenho
não
Nao!
I'd rather not say
I don't know
why do you need it?
"""),
)
def test_a_refusal_is_one(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize("text", ["Rodrigo", "não-fumante", "um HB20", "Nova Iguaçu", "notebook"])
def test_an_answer_is_no_refusal(text: str) -> None:
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    _lines("""
vc é um robô?
você é humano?
Você é uma pessoa de verdade?
vc é robo ou pessoa
isso é um bot?
estou falando com um robô?
é robô?
are you a bot?
am I talking to a machine?
"""),
)
def test_who_asks_what_is_answering_is_understood(text: str) -> None:
    assert asks_what_i_am(text)


@pytest.mark.parametrize(
    "text",
    _lines("""
é uma pessoa ou duas?
vocês vendem robô aspirador?
é pessoa física
a máquina é nova?
você é de Campinas?
sou uma pessoa
"""),
)
def test_other_questions_are_not_about_what_is_answering(text: str) -> None:
    assert not asks_what_i_am(text)


def test_laughter_says_nothing() -> None:
    assert all(map(is_noise, ("kkkk", "kkk kkk", "rsrs", "hahaha", "hmm", "nossa!", "aff")))
    assert not any(map(is_noise, ("karina", "rs 10", "um carro", "")))


def test_a_yes_or_a_no_is_one() -> None:
    assert all(
        map(is_yes_or_no, ("sim", "Não.", "sim, claro", "ainda não", "pode", "quero!", "no"))
    )
    assert not any(map(is_yes_or_no, ("sim 9h", "não lavei", "", "nova")))


def test_a_closing_ends_with_thanks() -> None:
    assert all(map(ends_with_thanks, ("veio e resolveu, obrigado", "graças a deus, obrigada")))
    assert not ends_with_thanks("quanto custa? obrigado")
    assert not ends_with_thanks("obrigado pelo retorno, quero o plano")


def test_words_are_letters_or_figures() -> None:
    assert all(map(has_words, ("a", "3", "日本")))
    assert not any(map(has_words, ("", "👍", "?!", " \n")))


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for name in ("is_greeting", "courtesy", "asks", "refuses", "asks_what_i_am", "is_noise"):
        getattr(utterances, name)(text)
