"""Answers to a question in the customer's own words, where nothing else marks them as facts. Pure.

A fact that has a form of its own (an e-mail address) is never taken from anything else. A name, a
city or an amount may be bare once it was asked for: "Rodrigo. quero financiar", "taubaté", "3500".
Every other fact is the first message of the burst that is not a question, a refusal, a courtesy,
laughter, or too long to be an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from runtime.agent.context import Fact, Inbound, TurnContext
from runtime.agent.fact_names import canonical, kinds
from runtime.agent.folding import folded
from runtime.agent.utterances import (
    asks,
    courtesy,
    has_words,
    is_greeting,
    is_noise,
    is_yes_or_no,
    refuses,
)
from runtime.companies.config import Criterion
from runtime.extraction.found import Found, Kind

Extract = Callable[..., tuple[Found, ...]]
"""`extract(text, *, today)`: what the rules find in a text."""

SURE_ENOUGH = 0.6
"""From this confidence on a name is used to call somebody by it."""
_COMPLETED = 0.7
"""The question and the answer together have the form that the extraction knows."""
_GUESSED = 0.5
_ANSWER_CHARS = 120
_NAME_CHARS = 60


def answers(context: TurnContext, extract: Extract, asked: Criterion) -> Iterator[Fact]:
    """What of the burst answers the question for `asked`, best first."""
    name, wanted = canonical(asked.field or ""), kinds(asked.field or "")
    for message in context.burst:
        text = (message.text or "").strip()
        if not has_words(text):
            continue
        answer = _Answer(text, message, lambda t: extract(t, today=context.now.date()))
        fact = None
        if "name" in wanted:
            fact = answer.name()
        elif "city" in wanted:
            fact = answer.city()
        elif "money" in wanted:
            fact = answer.amount()
        elif not wanted:
            fact = answer.in_own_words(asked)
        if fact is not None:
            yield replace(fact, name=name)


_CLAUSE = re.compile(r"[.,;:!?\n(]|\s[-–]\s")
_LEAD = re.compile(
    r"^(?:(?:é|eh|e|sou|my name is|my name's|this is|i am|i'm|it's|it is)\s+)?"
    r"(?:(?:o|a|em|de|in)\s+)?(?=\S{2})",
    re.IGNORECASE,
)
_BARE = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?: [^\W\d_][^\W\d_'’.-]*){0,4}")
_AMOUNT = re.compile(r"\d[\d.,]*\d|\d")
_CURRENCY = "R$ "
_FEW_WORDS = 6
_PARTICLES = frozenset(["de", "da", "do", "das", "dos", "e", "di", "del", "van", "von"])
_NEVER_A_NAME = re.compile(
    r"\b(?:"
    r"sim|nao|s|n|ok|oi|ola|opa|bom|boa|bem|dia|tarde|noite|tudo|obrigado|obrigada|valeu|quero"
    r"|queria|gostaria|preciso|posso|pode|tem|ter|vou|vcs|vc|voce|voces|eu|meu|minha|seu|sua"
    r"|isso|esse|essa|esta|aqui|ali|la|ai|como|qual|quanto|quando|onde|quem|que|por|pra|para"
    r"|com|sem|mas|ja|ainda|nada|ninguem|alguem|depois|agora|hoje|amanha|preco|valor|custa"
    r"|saber|ver|so|um|uma|manda|mande|claro|certo|blz|beleza|talvez|acho|sei|nem|pois|entao"
    r"|nome|cidade|email|telefone|cliente|segunda|terca|quarta|quinta|sexta|sabado|domingo"
    r"|caro|cara|barato|pix|cartao|boleto|moro|aceita|precisa|entrega|parcela|passo|fechou"
    r"|fechado|combinado|perfeito|otimo|top|show|legal|massa|desculpa|numero|errado|ta|to|tou"
    r"|yes|no|not|the|want|need|what|how|when|where|why|my|your|price|hi|hello|please|thanks"
    r"|maybe|later|sure|none|nothing"
    r")\b"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One message, read as the answer to a question."""

    text: str
    message: Inbound
    find: Callable[[str], tuple[Found, ...]]

    def name(self) -> Fact | None:
        """A name without an introduction; surer where the extraction knows it as one."""
        if (clause := self._bare()) is None:
            return None
        bare, alone = clause
        for found in self.find(f"{bare} aqui"):
            if found.kind == "name" and found.quote and bare.startswith(found.quote):
                return self._fact("name", found.value, found.quote, _COMPLETED)
        words = [word for word in bare.split() if word.lower() not in _PARTICLES]
        written_as_name = len(words) > 1 and all(w[0].isupper() and w[1:].islower() for w in words)
        one_word = alone and len(words) == 1 and len(bare) > 2
        if not (written_as_name or one_word):
            return None
        return self._fact("name", _capitalised(bare), bare, _GUESSED)

    def city(self) -> Fact | None:
        """A place without "moro em"; one that the extraction does not know only where it stands alone."""
        if (clause := self._bare()) is None:
            return None
        bare, alone = clause
        for found in self.find(f"moro em {bare}"):
            if found.kind == "city" and found.quote and found.quote in bare:
                confidence = min(found.confidence, _COMPLETED)
                return self._fact("city", found.value, found.quote, confidence)
        if not alone or len(bare.split()) > 3:
            return None
        return self._fact("city", _capitalised(bare), bare, _GUESSED)

    def amount(self) -> Fact | None:
        """A number without its currency; of two figures ("25") nothing could be built on."""
        number = _AMOUNT.search(self.text)
        if number is None or sum(c.isdigit() for c in number[0]) < 3:
            return None
        if len(self.text.split()) > _FEW_WORDS or asks(self.text) or self.find(self.text):
            return None
        rest = self.text[number.start() :]
        for found in self.find(_CURRENCY + rest):
            quote = found.quote.removeprefix(_CURRENCY)
            if found.kind == "money" and found.start == 0 and rest.startswith(quote):
                confidence = min(found.confidence, _COMPLETED)
                return self._fact("money", found.value, quote, confidence)
        return None

    def in_own_words(self, asked: Criterion) -> Fact | None:
        """The whole message, if it can be an answer."""
        text = self.text
        if len(text) > _ANSWER_CHARS or asks(text):
            return None
        if is_greeting(text) or courtesy(text) or is_noise(text):
            return None
        if is_yes_or_no(text):
            # "Já é cliente?" is answered by it; "o modelo" is not.
            label = asked.label.strip()
            closed = label.endswith("?") or folded(label).startswith(("se ", "if "))
            return self._fact("", text, text, _GUESSED) if closed else None
        beside = text
        for one in self.find(text):
            beside = beside.replace(one.quote, " ")
        if refuses(text) or not has_words(beside):
            return None
        return self._fact("", text, text, _GUESSED)

    def _bare(self) -> tuple[str, bool] | None:
        """The first clause that says something, without "é o", and whether it is the only one.

        None where it cannot be a name or a place.
        """
        clauses = [clause.strip() for clause in _CLAUSE.split(self.text)]
        said = [c for c in clauses if has_words(c) and not (is_greeting(c) or courtesy(c))]
        if not said or asks(said[0]) or refuses(said[0]) or is_noise(said[0]):
            return None
        bare = _LEAD.sub("", said[0], count=1).strip()
        if f"{bare}?" in self.text or not _BARE.fullmatch(bare) or len(bare) > _NAME_CHARS:
            return None
        if _NEVER_A_NAME.search(folded(bare)) or bare.split()[0].lower() in _PARTICLES:
            return None
        return bare, len(said) == 1

    def _fact(self, kind: Kind | str, value: str, quote: str, confidence: float) -> Fact:
        return Fact(kind, value, quote, self.message.event_id, confidence, "rules")


def _capitalised(name: str) -> str:
    """First letters large but for particles; what is written in both cases stays as it is."""
    words = name.split()
    if not (name.islower() or name.isupper()):
        return " ".join(words)
    return " ".join(
        word.lower() if place and word.lower() in _PARTICLES else word.capitalize()
        for place, word in enumerate(words)
    )
