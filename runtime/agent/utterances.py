"""What kind of thing a short text is: a greeting, a thank-you, a question, a refusal. Pure.

Portuguese as it is written in chats ("oii", "blz", "obg", "qto custa") and English. A text is a
greeting or a courtesy only when nothing else stands in it.
"""

from __future__ import annotations

import re
from typing import Literal

from runtime.agent.folding import folded

Courtesy = Literal["thanked", "goodbye", "agreed", "wrong_number"]

_NO_WORD = re.compile(r"[\W_]+")

_HELLO = (
    r"(?:o+i+e*|o+la+|opa+|alo+|e ?ai|salve|fala|hello+|hey+|hi+|hiya|bom dia+|boa tarde+|boa noite+"
    r"|bo[am]|tem alguem(?: ai| online)?|alguem(?: ai| online)?|good (?:morning|afternoon|evening|day))"
)
_HELLO_MORE = (
    r"(?:tudo(?: (?:bem|bom|certo|joia|ok))?|td(?: (?:bem|bom|certo))?|como (?:vai|vao|esta|estao)"
    r"(?: (?:voces?|vcs?))?|beleza|blz|com (?:voces?|vcs?)|pessoal|gente|amig[oa]s?|moc[oa]|querid[oa]s?"
    r"|there|everyone|team|how are you(?: doing)?|how s it going|por ai|por favor)"
)
_GREETING = re.compile(rf"{_HELLO}(?: (?:{_HELLO}|{_HELLO_MORE}))*")
_GREETING_FIRST = re.compile(rf"(?:{_HELLO})\b")

_THANKS = (
    r"(?:(?:muit[oa]|mto|mt)? ?(?:o?brigad(?:o+|a+|inh[oa]|ao|issim[oa])|obg+|obgd[oa]?)|valeu+|vlw+"
    r"|agradec(?:o|ida|ido|emos)|gratidao|grat[oa]|thanks+|thank you|thx|ty|deus (?:te|lhe) abencoe"
    r"|deus abencoe)"
)
_LAST_THANKS = re.compile(rf"(?:^| ){_THANKS}$")
_CLOSING_WORDS = 8
_BYE = (
    r"(?:tchau+|xau|ate (?:mais|logo|breve|amanha|depois|la|segunda)|falou|flw|abracos?|abs|bjs|beijos?"
    r"|bye+|bye bye|goodbye|see you(?: later| soon)?|take care|bom descanso)"
)
_AGREED = (
    r"(?:ok+|okay|okey|blz|beleza|ta bom|ta bem|ta certo|ta|certo|certinho|show|perfeito|combinado"
    r"|entendi|entendido|otimo|top|legal|joia|fechado|fechou|massa|tranquilo|maravilha|que bom"
    r"|great|fine|alright|all right|got it|cool|perfect|sounds good|understood)"
)
_FILLER = (
    r"(?:muit[oa]|mto|mt|demais|por tudo|pel[ao] (?:atencao|ajuda|retorno|resposta|informacao)|voces?"
    r"|vcs?|entao|ja|e|por enquanto|era so isso|era isso|so isso|viu|ai|mesmo|k{2,}|rs+|(?:ha){2,}"
    r"|very much|so much|a lot|for (?:your|the) help|ate|um|bom dia|boa tarde|boa noite|otim[oa]"
    r"|dia|tarde|noite|semana|pra voces?|and|that s all|now|de coracao|querid[oa]|amig[oa]|moc[oa])"
)
_COURTESY = re.compile(
    rf"(?:{_FILLER} )*(?:{_THANKS}|{_BYE}|{_AGREED})(?: (?:{_THANKS}|{_BYE}|{_AGREED}|{_FILLER}))*"
)

_WRONG = (
    r"(?:\w+ )?(?:o |no |e |eh |foi )?(?:numero|contato|conversa|pessoa) errad[oa]|(?:mandei|liguei) errado"
    r"|(?:sorry )?wrong (?:number|chat|person)"
)
_SORRY = r"(?: (?:desculpa|desculpe|foi mal|perdao|sorry|mal|ai))*"
_WRONG_NUMBER = re.compile(rf"(?:(?:desculpa|desculpe|ops|opa|sorry) )*(?:{_WRONG}){_SORRY}")

_ASKS = re.compile(
    r"\?|(?:^|[\n,.;!:] ?|\be )(?:(?:oi+e?|ola|bom dia|boa tarde|boa noite|por favor|mas|bah|ah|entao|hello|hi)[, !]*)?"
    r"(?:qual|quais|quant[oa]s?|qto|qta|qtos|qtas|quando|qdo|onde|como (?!sempre)|quem|que horas|q horas"
    r"|por ?que|pq|o que|oq|sera que|tem como|tem (?:algum|o |a |vaga|desconto)|(?:voces|vcs|vc|voce) "
    r"(?:tem|fazem|faz|aceita|vende|entrega|atende|abre|sao|trabalha|compra|pode)\w*|aceita\w*|fazem"
    r"|entregam?|atendem?|abrem?|(?:quero|queria|gostaria de|preciso) (?:de )?saber|da (?:pra|para|p) "
    r"|posso |podem? (?:me )?(?:dizer|informar|explicar|falar)|existe|precisa de"
    r"|cade|what|how|when|where|which|who|why|do you|does |can i|can you|could you|is there|are there"
    r"|are you)"
    r"|(?<!sei )\b(?:quanto|qto|quando|onde|q dia|que dia|q horas|que horas|q hora)\W*(?:$|\n)"
)
_REFUSES = re.compile(
    r"\b(?:prefiro nao|melhor nao|nao (?:quero|vou|gosto de|posso|pretendo|precisa|costumo) ?"
    r"(?:te |lhe |me |de )?(?:dizer|informar|passar|falar|dar|responder|fornecer|compartilhar|expor)"
    r"|nao (?:passo|informo|digo|dou|sei|lembro|tenho|tem)\b|sei la|sei nao|sem ideia"
    r"|(?:agora|ainda|por enquanto) nao|(?:depois|mais tarde|outra hora) (?:eu )?(?:te )?"
    r"(?:passo|falo|digo|mando|informo|vejo)|(?:pra|para) que (?:voce|vc|voces|vcs|isso|quer|precisa)"
    r"|(?:por que|pq|porque) (?:voce |vc |voces |vcs )?(?:quer|precisa)\w*|nao e da sua conta"
    r"|rather not|prefer not|don't want to (?:say|tell|give|share)|won't (?:say|tell|give|share)"
    r"|i don't know|no idea|not now|don't have (?:one|any)|none of your business"
    r"|why do you (?:need|want|ask))"
    r"|^\W*(?:nao|n|nops?|nem|no|nope|pula|proxima|passo)\W*$"
)
_YES = (
    r"(?:sim|nao|s|n|claro|com certeza|ainda nao|ja|pode(?: ser)?|quero|isso|exato|confirm[ao]|vamos|bora"
    r"|aceito|yes|yep|no|nope|sure|not yet)"
)
_YES_OR_NO = re.compile(rf"{_YES}(?: {_YES}){{0,2}}")
_NOISE = re.compile(
    r"(?:k+|(?:rs)+|(?:ha)+h?|(?:he)+|(?:hu)+m*|h?u?m+|ah+|eh+|aff+|nossa|eita|ue+|oxe|lol|haha+)"
    r"(?: (?:k+|(?:rs)+|(?:ha)+h?|nossa))*"
)

_ROBOT = (
    r"(?:robo|bot|chatbot|maquina|humano|humana|ia|inteligencia artificial|gpt|chatgpt|atendente virtual"
    r"|pessoa(?: de verdade| real)?|gente(?: de verdade)?)"
)
_ASKS_WHAT_I_AM = re.compile(
    rf"\b(?:voce|vc|tu)(?: ai)? (?:e|eh|es) (?:mesmo )?(?:um |uma )?{_ROBOT}\s*(?:\?|$|\n|ou\b|mesmo\b)"
    r"|\b(?:isso|aqui|esse atendimento) (?:e|eh) (?:um |uma )?(?:robo|bot|maquina)\b"
    r"|\b(?:to|estou|tou) (?:falando|conversando) com (?:um |uma )?(?:robo|bot|maquina|pessoa|humano)"
    r"|^\W*(?:e|eh) (?:um )?(?:robo|bot)\b"
    r"|\bare you (?:an? )?(?:\w+ )?(?:bot|robot|chatbot|human|person|machine|ai|real)\b"
    r"|\b(?:is this|am i talking to) (?:an? )?(?:\w+ )?(?:bot|robot|human|person|machine)\b"
)


def has_words(text: str) -> bool:
    """Whether anything is written at all: a letter or a figure."""
    return any(character.isalnum() for character in text)


def is_greeting(text: str) -> bool:
    """Nothing but a greeting."""
    return _GREETING.fullmatch(_words(text)) is not None


def begins_with_greeting(text: str) -> bool:
    """A greeting, whatever follows."""
    return _GREETING_FIRST.match(_words(text)) is not None


def courtesy(text: str) -> Courtesy | None:
    """Which courtesy the text is, when it is nothing else; thanks weigh more than a goodbye."""
    words = _words(text)
    if _WRONG_NUMBER.fullmatch(words):
        return "wrong_number"
    if not _COURTESY.fullmatch(words):
        return None
    if re.search(rf"\b{_THANKS}(?= |$)", words):
        return "thanked"
    return "goodbye" if re.search(rf"\b{_BYE}(?= |$)", words) else "agreed"


def ends_with_thanks(text: str) -> bool:
    """A short text that nothing is asked in and whose last words are a thank-you."""
    words = _words(text)
    short = len(words.split()) <= _CLOSING_WORDS
    return short and not asks(text) and _LAST_THANKS.search(words) is not None


def asks(text: str) -> bool:
    """Whether something is asked for, with or without a question mark."""
    return _ASKS.search(folded(text)) is not None


def refuses(text: str) -> bool:
    """Whether an answer is declined, put off or not known."""
    return _REFUSES.search(folded(text)) is not None


def is_yes_or_no(text: str) -> bool:
    """A yes or a no and nothing else."""
    return _YES_OR_NO.fullmatch(_words(text)) is not None


def is_noise(text: str) -> bool:
    """Laughter or an exclamation: written, but saying nothing."""
    return _NOISE.fullmatch(_words(text)) is not None


def asks_what_i_am(text: str) -> bool:
    """Whether the customer wants to know if a machine is answering."""
    return _ASKS_WHAT_I_AM.search(folded(text)) is not None


def _words(text: str) -> str:
    return _NO_WORD.sub(" ", folded(text)).strip()
