"""Who wants no more messages, who wants them again, and who speaks of something else."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.consent import Consent, consent_in, consent_of
from runtime.agent.context import Inbound

OUT = """
parar
PARAR
Pare!
sair
stop
STOP.
cancelar inscrição
Parar por favor
descadastrar
unsubscribe
pare de mandar mensagem
pare de me mandar mensagem
para de me mandar msg
Parem de enviar mensagens!
parem de me mandar propaganda
não quero mais receber mensagens
nao quero mais receber promoção
não quero receber promoções
nao quero receber mais nada
não quero receber mais nada de vocês
não me mandem mais mensagens
nao manda mais mensagem
não me mande mais nada
me tira da lista
me tira dessa lista
tira meu número da lista
me remova da sua lista
quero me descadastrar
quero sair dessa lista
pare de me ligar
parem de ligar pra mim
quero parar de receber mensagens
podem parar de mandar mensagem?
chega de mensagem
para com essas mensagens
não autorizo o recebimento de mensagens
oi, tudo bem? não quero mais receber ofertas.
stop sending me messages
please stop texting me
don't message me again
remove me from your list
I don't want to receive any more messages
please unsubscribe me
"""

IN = """
voltar
quero receber
quero voltar a receber mensagens
pode voltar a mandar mensagem
podem voltar a me mandar promoções
quero receber as novidades
start
aceito receber mensagens
I want to receive your messages again
"""

NEITHER = """
pare de enganar
pare de me enganar
parem de mentir
para de me enrolar
parei faz 1 ano, machuquei o joelho
quero parar de fumar
meu carro para de ligar
o carro parou de ligar
vocês pararam de mandar mensagem
parei de receber as mensagens
não recebi a mensagem
não estou recebendo mensagens
não recebi o boleto por e-mail
não quero mais receber o boleto por e-mail, quero por whats
não pare de mandar mensagem
cancelar
cancela meu plano
quero cancelar a consulta
quero cancelar minha inscrição no curso
sair de casa amanhã às 8
vou sair agora
posso sair mais cedo?
a que horas vocês param de atender?
quero voltar amanhã
quero voltar pra academia
quero receber o catálogo
quero receber em casa
posso receber amanhã?
não manda mensagem de áudio, não consigo ouvir
tira o meu da lista de espera não
para quem é a mensagem?
vou parar aí na loja
parar o carro na frente da loja pode?
o ônibus para na frente?
non-stop flight
is there a bus stop nearby?
I want to stop at two places
does the train stop in London?
don't stop sending me messages
when will you start?
quanto custa?
bom dia
remover uma tatuagem custa quanto?
você para de vender quando?
"""


def _sentences(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


@pytest.mark.parametrize("text", _sentences(OUT))
def test_who_wants_no_more_messages_is_understood(text: str) -> None:
    said = consent_in(text)
    assert said is not None
    assert said[0] == "out"
    assert said[1] in text


@pytest.mark.parametrize("text", _sentences(IN))
def test_who_wants_messages_again_is_understood(text: str) -> None:
    said = consent_in(text)
    assert said is not None
    assert said[0] == "in"


@pytest.mark.parametrize("text", _sentences(NEITHER))
def test_ceasing_something_else_is_no_opt_out(text: str) -> None:
    assert consent_in(text) is None


def _burst(*texts: str | None) -> tuple[Inbound, ...]:
    return tuple(
        Inbound(
            uuid5(UUID(int=0), str(n)), f"m-{n}", "text", text, datetime(2026, 11, 2, tzinfo=UTC)
        )
        for n, text in enumerate(texts)
    )


def test_the_last_word_of_a_burst_counts_and_names_its_event() -> None:
    burst = _burst("parar", None, "quero voltar a receber mensagens", "obrigada")
    assert consent_of(burst) == Consent("in", "quero voltar a receber mensagens", burst[2].event_id)


def test_a_burst_about_something_else_says_nothing() -> None:
    assert consent_of(_burst("bom dia", "quanto custa?")) is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    said = consent_in(text)
    assert said is None or said[1] in text
