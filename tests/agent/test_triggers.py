"""Which sentences hand a conversation over, and which only look as if they did."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.consent import consent_in
from runtime.agent.reasons import Reason
from runtime.agent.triggers import handoff_trigger

ASKS_FOR_HUMAN = """
quero falar com um atendente
Quero falar com uma pessoa!
posso falar com alguém?
mas eu queria falar com gente mesmo nao entendo de celular
queria falar com gente de verdade
quero conversar com um humano
preciso falar com o gerente
como faço pra falar com um atendente?
tem como falar com alguém aí?
me passa pra um atendente por favor
me passa para uma pessoa
pode me transferir? transfere pra um atendente
me coloca com o vendedor
quero um atendente
QUERO ATENDENTE
preciso de um atendente urgente
atendente
Atendente, por favor
humano
atendimento humano
quero atendimento humano
cadê o atendente?
chama um atendente
chama o gerente ai
não quero falar com robô
nao quero falar com maquina, quero pessoa de verdade
chega de robô
cansei de falar com esse robô
não consigo falar com atendente nenhum
quero ser atendido por uma pessoa
tem alguém pra me atender?
me liga
pode me ligar?
quero que alguém me ligue
Boa tarde, gostaria de falar com um consultor
dá pra falar com o responsável?
é possível conversar com uma pessoa real?
falar com atendente
vou querer falar com um atendente
quero falar direto com um vendedor
quero falar com outra pessoa
oi, quero saber o preço. prefiro falar com um humano
manda um atendente pfv
I want to talk to a human
can I speak with a real person?
let me talk to someone
get me a manager
Can I speak to your manager please
transfer me to an agent
human please
agent
I don't want to talk to a bot
could you call me back?
"""

LEGAL_OR_FRAUD = """
se nao resolver hoje vou no PROCON
vou no procon
vou acionar meu advogado
meu advogado vai entrar em contato
vou falar com meu advogado
vou entrar com um processo contra vocês
vou entrar com processo judicial
vou processar vocês
vou processar a empresa
vou te processar
vocês vão ver na justiça, vou entrar na justiça
isso é caso de juizado de pequenas causas
quero meus danos morais
vou tomar as medidas cabíveis
vou botar no Reclame Aqui
já reclamei no reclameaqui
isso é golpe
caí num golpe usando o nome de vocês
acho que é fraude
fraudaram meu cadastro
clonaram meu cartão
clonaram meu whatsapp
meu cartão foi clonado
minha conta foi hackeada
não reconheço essa compra
isso é estelionato
registrei um boletim de ocorrência
vou fazer um B.O.
vou na delegacia
vou chamar a polícia
conheço meus direitos do consumidor
abri uma reclamação no consumidor.gov
seu golpista
vou acionar judicialmente
My lawyer will contact you
I will sue you
this is a scam
I was scammed
that is fraud
there is an unauthorized charge on my card
we will take legal action
I'll take you to court
"""

NONE = """
trabalho no setor de recursos humanos
sou do RH, recursos humanos
sou uma pessoa muito ocupada
sou uma pessoa de verdade kkk
sou pessoa física
é para pessoa jurídica
são 4 pessoas
1 pessoa
quantas pessoas cabem?
quero uma mesa pra duas pessoas
como funciona o processo seletivo?
queria me inscrever no processo seletivo
o processo de matrícula é online?
como faço para abrir um processo de financiamento
quanto tempo leva o processo?
sou advogado e quero um plano
trabalho como advogada
preciso de um advogado
meu marido é advogado
vocês têm plano pra advogados?
vou falar com minha esposa e te aviso
vou falar com alguém lá de casa e te retorno
preciso falar com alguém da minha família antes
antes de falar com um vendedor queria saber o preço
já consegui falar com o atendente, obrigado
não quero falar com atendente, só quero o preço
não precisa chamar o gerente
não precisa chamar ninguém
gostei de falar com o atendente
falei com o atendente ontem
o corretor ficou de me ligar ontem
fui bem atendido por um vendedor
vaga de atendente ainda está aberta?
tem vaga pra atendente?
quero ser atendente
vocês vendem atendente virtual? quero um atendente virtual
podem falar com a gente amanhã?
a gente quer alugar em janeiro
gente, que lindo
muita gente compra aí?
o parto é humanizado?
vocês têm atendimento humanizado?
corpo humano
direitos humanos
você é uma pessoa de verdade?
vc é humano?
como ser humano eu fico triste
posso transferir o plano pra outra pessoa?
queria transferir no meio do ano mesmo
alguém?
tem alguém aí?
alguém pode me ajudar?
golpe de sorte achar vocês
ar condicionado com golpe de ar frio
seguro contra fraude
o sistema é antifraude?
vocês têm boa nota no Reclame Aqui
vi a reputação de vocês no reclame aqui, ótima
o imóvel é de leilão judicial?
a empresa está em recuperação judicial
sou oficial de justiça
passou no concurso da polícia federal
sou policial
o pagamento vai processar hoje?
vou processar a compra aqui
vocês podem processar o pedido?
curso de direito do trabalho
o HD foi clonado pelo técnico
ta em inventario ainda, meu pai faleceu ano passado
cancela meu plano
meu pedido nao chegoouuu
isso é uma vergonha
pare de enganar
quanto custa?
quero saber o preço
meu irmão indicou vocês
meu advogado indicou vocês
lavar roupa custa quanto?
bom dia
obrigado!
I work in human resources
I'm a real person
do you have a tennis court?
the food court
Sue is my wife
I am a lawyer
I need a real estate agent
my travel agent booked it
I will talk to my wife first
I'd rather not talk to an agent
before I talk to someone, what does it cost?
call me Bob
Can you call me a cab?
I want to process the payment
non-stop flight please
anti-fraud protection
"""


def _sentences(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if line]


@pytest.mark.parametrize("text", _sentences(LEGAL_OR_FRAUD))
def test_words_of_the_law_and_of_fraud_hand_over(text: str) -> None:
    trigger = handoff_trigger(text)
    assert trigger is not None
    assert trigger.reason is Reason.LEGAL_OR_FRAUD
    assert trigger.quote in text


@pytest.mark.parametrize("text", _sentences(ASKS_FOR_HUMAN))
def test_who_asks_for_a_human_is_handed_over(text: str) -> None:
    trigger = handoff_trigger(text)
    assert trigger is not None
    assert trigger.reason is Reason.ASKED_FOR_HUMAN
    assert trigger.quote
    assert trigger.quote in text


@pytest.mark.parametrize("text", _sentences(NONE))
def test_what_only_looks_like_a_trigger_is_none(text: str) -> None:
    assert handoff_trigger(text) is None


def test_a_sentence_over_several_messages_is_one() -> None:
    trigger = handoff_trigger("oi\nquero falar\ncom um atendente")
    assert trigger is not None
    assert trigger.quote == "falar\ncom um atendente"


def test_a_configured_phrase_over_several_messages_is_one() -> None:
    trigger = handoff_trigger("quero o plano\nPlatinum", ["plano platinum"])
    assert trigger is not None
    assert trigger.reason is Reason.CONFIGURED_WORD
    assert trigger.quote == "plano\nPlatinum"


def test_the_law_comes_before_the_wish_for_a_human() -> None:
    trigger = handoff_trigger("quero falar com um atendente senão vou no procon")
    assert trigger is not None
    assert trigger.reason is Reason.LEGAL_OR_FRAUD


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Tem o plano PLATINUM aí?", "PLATINUM"),
        ("quero a negociação da dívida", "negociação"),
        ("e a 2ª via?", "2ª via"),
        ("platinumzinho", None),
        ("renegociacao", None),
        ("", None),
    ],
)
def test_the_companys_own_words_count_whole_and_without_accents(
    text: str, quote: str | None
) -> None:
    trigger = handoff_trigger(text, ("platinum", "negociacao", " 2ª via ", "", "(+)"))
    assert (trigger.quote if trigger else None) == quote
    assert trigger is None or trigger.reason is Reason.CONFIGURED_WORD


@given(st.text(), st.lists(st.text(max_size=8), max_size=3))
def test_any_text_is_read_and_quoted_word_for_word(text: str, words: list[str]) -> None:
    trigger = handoff_trigger(text, words)
    assert trigger is None or trigger.quote in text


@pytest.mark.parametrize("name", ["sgd", "irc"])
def test_real_conversations_about_other_things_set_nothing_off(corpus: Path, name: str) -> None:
    with gzip.open(corpus / f"{name}-events.jsonl.gz", "rt", encoding="utf-8") as lines:
        events = [json.loads(line) for number, line in enumerate(lines) if number % 5 == 0]
    texts = [e["payload"]["text"] for e in events if e["type"] == "message_received.text"]
    assert len(texts) > 1000
    assert [text for text in texts if handoff_trigger(text) or consent_in(text)] == []
