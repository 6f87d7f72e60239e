"""Whether a customer wants no more messages, or wants them again. Pure; Portuguese and English.

An opt-out is a keyword that stands alone in its message, or a verb of ceasing with an object of
communication: "pare de mandar mensagem", not "pare de enganar"; "não quero mais receber promoção",
not "não recebi a mensagem". An opt-in is a keyword alone or a wish to receive again. It means
something only of a contact who opted out: whoever applies it must look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from runtime.agent.context import Inbound
from runtime.agent.folding import fold


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer said of being written to, word for word, and in which event."""

    wants: Literal["out", "in"]
    quote: str
    event_id: UUID


def consent_of(burst: Iterable[Inbound]) -> Consent | None:
    """The last word on it in a burst; None where there is none."""
    said: Consent | None = None
    for message in burst:
        found = consent_in(message.text or "")
        if found is not None:
            said = Consent(found[0], found[1], message.event_id)
    return said


def consent_in(text: str) -> tuple[Literal["out", "in"], str] | None:
    """What one message says, and its words; an opt-out weighs more than an opt-in beside it."""
    read = fold(text)
    for wants, patterns in _PATTERNS.items():
        for pattern in patterns:
            if found := pattern.search(read.text):
                return wants, read.quote(*found.span())
    return None


_ALONE = r"\A\W*(?:{words})(?:,? (?:por favor|por gentileza|pfv|pf|ja|agora|please|now))*\W*\Z"
_MESSAGES = (
    r"(?:mensage(?:m|ns|nzinhas?)|msgs?|mensg|promoc(?:ao|oes)|propagandas?|notificac(?:ao|oes)"
    r"|spams?|ofertas?|anuncios?|newsletters?|sms|e-?mails?|whats(?:app)?|zap|contatos?|divulgac\w+"
    r"|publicidade|campanhas?|audios?|textos?|avisos?|lembretes?|novidades)\b"
)
_SOME = (
    r"(?:mais |tant[ao]s? |ess[ae]s? |est[ae]s? |as |os |suas? |seus? |nenhuma? |nenhum |qualquer "
    r"|mil |estas |isso de |de )*"
)
_TO_ME = (
    r"(?:(?:pra|para) (?:mim|meu (?:numero|celular|whats\w*))|no meu (?:numero|celular|whats\w*))"
)
_CEASE = (
    r"(?<!nao )\b(?:pare|parem|para|parar|parando|cesse|cessem|chega|deixem?) (?:ja )?(?:de |com )"
)
_SEND = r"(?:mandar|enviar|encaminhar|disparar|receber|ficar (?:me )?mandando|escrever|encher com)"

_OUT = (
    _ALONE.format(
        words=r"parar|pare|sair|stop|stop all|cancelar inscricao|cancelar a inscricao|descadastrar"
        r"|descadastre|me descadastre|remover|me remova|unsubscribe|opt[ -]?out|quero sair da lista"
    ),
    rf"{_CEASE}(?:me )?{_SEND} (?:{_TO_ME} )?{_SOME}{_MESSAGES}",
    rf"{_CEASE}(?:ess[ae]s? |as |tant[ao]s? |est[ae]s? )?{_MESSAGES}",
    (
        r"(?<!nao )\b(?:pare|parem|para|parar) de me (?:ligar|escrever|mandar (?:isso|coisas?|essas? coisas?)"
        r"|chamar (?:aqui|no (?:whats\w*|zap|privado)))\b"
    ),
    rf"(?<!nao )\b(?:pare|parem) de (?:ligar|escrever|mandar) {_TO_ME}",
    (
        rf"\bnao (?:quero|queria|desejo|gostaria de|aceito|autorizo) (?:mais )?(?:receber |que (?:me )?"
        rf"(?:mandem|enviem) |o recebimento de )(?:mais )?{_SOME}{_MESSAGES}(?! d[eao] (?:banco|outr))"
    ),
    (
        r"\bnao (?:quero|desejo|gostaria de) (?:mais )?receber (?:mais )?nada(?: mais)?"
        r"(?: (?:de|da|do) (?:voces|vcs|ai)| daqui| dai)?\s*(?:[.!,\n]|\Z)"
    ),
    (
        rf"\bnao (?:me )?(?:mande|mandem|manda|envie|enviem) (?:mais )?(?:{_TO_ME} )?{_SOME}{_MESSAGES}"
        r"(?! (?:de audio|de voz|em audio))"
    ),
    r"\bnao (?:me )?(?:mande|mandem|manda|envie|enviem) mais (?:nada|isso)\b",
    (
        r"\b(?:me )?(?:tira|tire|tirem|remove|remova|removam|exclua|exclui|apaga|apague|retira|retire)"
        r" (?:o |o meu |meu )?(?:numero |contato |nome |telefone |e-?mail |me )?"
        r"(?:da|dessa|desta|dest[ae]|de sua|da sua) (?:sua )?(?:lista|base|grupo de (?:envio|transmissao))(?! de espera)"
    ),
    (
        r"\b(?:quero|queria|gostaria de|preciso|como faco (?:pra|para)|favor) (?:me )?"
        r"(?:descadastrar|cancelar (?:a |minha |meu )?(?:inscricao na lista|cadastro na lista)"
        r"|sair d(?:a|essa|esta) lista)"
    ),
    # English.
    (
        r"\b(?<!don't )(?<!not )(?:stop|quit|cease) (?:sending|texting|messaging|e-?mailing|calling|contacting"
        r"|spamming|writing)(?: to)? me\b"
    ),
    (
        r"\b(?<!don't )(?<!not )(?:stop|quit|cease) sending (?:me )?(?:these |those |any |so many )?"
        r"(?:more )?(?:messages|texts|e-?mails|offers|ads|notifications|spam)\b"
    ),
    (
        r"\b(?<!don't )(?<!not )(?:stop|no more) (?:these |the |with the )?(?:messages|texts|e-?mails|offers)\b"
        r"(?! (?:from|in|about) )"
    ),
    r"\b(?:don't|do not|never) (?:text|message|contact|e-?mail|call|write to) me (?:again|any ?more)\b",
    (
        r"\b(?:don't|do not) (?:want|wish) (?:to (?:receive|get) )?(?:any |more |any more |your |these )*"
        r"(?:messages|texts|e-?mails|offers|notifications)(?: from you| any ?more| again)?\s*(?:[.!,\n]|\Z)"
    ),
    (
        r"\b(?:remove|take|delete) (?:me|my (?:number|e-?mail)) (?:from|off) (?:your|the|this) "
        r"(?:mailing |contact )?list\b"
    ),
    r"\b(?:i want to|please|how do i|let me) (?:unsubscribe|opt out)\b",
)

_IN = (
    _ALONE.format(
        words=r"voltar|quero voltar|quero receber|voltar a receber|quero voltar a receber|start|unstop"
        r"|subscribe|opt[ -]?in|reativar|me inscreva|me inscrever"
    ),
    (
        rf"(?<!nao )\b(?:quero|queria|pode(?:m)?|gostaria de) (?:voltar a|continuar a?) ?"
        rf"(?:me )?(?:receber|recebendo|mandar|mandando|enviar|enviando) {_SOME}{_MESSAGES}"
    ),
    (
        rf"(?<!nao )\b(?:quero|aceito|autorizo) (?:sim )?receber (?:as |os |suas |seus |de novo )*{_MESSAGES}"
        r"(?! (?:com|de) (?:o|a|meu|minha|confirmac\w+)\b)"
    ),
    (
        r"\b(?:i want to|please) (?:start (?:getting|receiving)|receive|get) (?:your |the )?"
        r"(?:messages|texts|offers|e-?mails) again\b"
    ),
)

_PATTERNS: dict[Literal["out", "in"], tuple[re.Pattern[str], ...]] = {
    "out": tuple(re.compile(words) for words in _OUT),
    "in": tuple(re.compile(words) for words in _IN),
}
