"""What a burst tells of its writer: facts found in it, and answers to the question before it. Pure.

Each fact quotes the message that it stands in, word for word. Found facts are recorded under the
canonical name of the criterion that wants them; of those that nobody wants only name, e-mail, phone
and city are kept: an amount or a date says nothing without a question, and a document's number is
not kept for nothing. A phone number or e-mail address that the channel gives with the message counts
as found in it.

An answer in the customer's own words (`confidence` 0.5) is the first message of the burst that is not
a question, a refusal, a courtesy or too long; a name, a city or an amount so answered may be bare
("Rodrigo", "taubaté", "3500").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from runtime.agent.context import Fact, Inbound, TurnContext
from runtime.agent.fact_names import canonical, kinds, known_facts
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

_KEPT_UNASKED: frozenset[str] = frozenset({"name", "email", "phone", "city"})
_NEEDS_QUESTION: frozenset[Kind] = frozenset({"money", "date"})
_UNASKED_CONFIDENCE = 0.6
_COMPLETED_CONFIDENCE = 0.7
_ANSWER_CONFIDENCE = 0.5
_ANSWER_CHARS = 120
_PAID = re.compile(
    r"\b(?:pag(?:o|uei|amos|ava|aram)|cust(?:ou|a)|cobr(?:a|ou|aram|ando)|dev(?:o|endo)|ganho|recebo"
    r"|gastei|vale|valor de|total)(?: (?:uns|umas|ate|cerca de|quase|mais de|r\$))*$"
)
_PART = re.compile(
    r"(?:reais )?(?:de (?:entrada|sinal|luz|aluguel|condominio|parcela|multa|desconto|renda|salario)"
    r"|(?:por|ao|de) mes|mensais|/ ?mes|por dia|n[oa] pix)\b"
)
_DOUBT = 0.2
"""A fact replaces a surer one only when it is less than this behind."""


def burst_facts(
    context: TurnContext, extract: Extract, asked: Criterion | None
) -> tuple[Fact, ...]:
    """The new facts of a burst, in the order found, one a name; `asked` is what was asked for.

    Nothing that is known already is told again, and nothing that a human said is contradicted.
    """
    known = known_facts(context.facts)
    told: dict[str, Fact] = {}
    for fact in (*_of_the_channel(context, extract, known), *_found(context, extract, asked)):
        if _is_news(fact, known.get(fact.name)):
            told[fact.name] = fact
    name = canonical(asked.field or "") if asked else ""
    if asked and name not in told and name not in known:
        answer = next(_answers(context, extract, asked), None)
        if answer is not None:
            told[name] = answer
    return tuple(told.values())


def _is_news(fact: Fact, known: Fact | None) -> bool:
    if known is None:
        return True
    if known.by == "human" or known.value == fact.value:
        return False
    return fact.confidence > known.confidence - _DOUBT


def _of_the_channel(
    context: TurnContext, extract: Extract, known: Mapping[str, Fact]
) -> Iterator[Fact]:
    wanted = _wanted(context.centurion.qualification.criteria)
    contact, first = context.contact, context.burst[0]
    for name, kind, given in (("phone", "phone", contact.phone), ("email", "email", contact.email)):
        if given and name in wanted and name not in known:
            found = next(
                (f for f in extract(given, today=context.now.date()) if f.kind == kind), None
            )
            value = found.value if found else given
            yield Fact(name, value, given, first.event_id, 0.9, "rules")


def _found(context: TurnContext, extract: Extract, asked: Criterion | None) -> Iterator[Fact]:
    criteria = context.centurion.qualification.criteria
    for message in context.burst:
        for found in extract(message.text or "", today=context.now.date()):
            wanting = [c for c in criteria if found.kind in kinds(c.field or "")]
            name = _name_for(found, wanting, message.text or "", asked)
            if name is None:
                continue
            confidence = found.confidence
            was_asked = asked is not None and name == canonical(asked.field or "")
            if found.kind in _NEEDS_QUESTION and not was_asked:
                if name == "budget" and _is_another_amount(found, message.text or ""):
                    continue
                confidence = min(confidence, _UNASKED_CONFIDENCE)
            yield Fact(name, found.value, found.quote, message.event_id, confidence, "rules")


def _name_for(
    found: Found, wanting: list[Criterion], text: str, asked: Criterion | None
) -> str | None:
    """The fact that a find is: the one its message names, the one asked for, the first wanted."""
    names = _wanted(wanting)
    if not names:
        return found.kind if found.kind in _KEPT_UNASKED else None
    if len(names) > 1:
        words = set(re.findall(r"\w+", folded(text)))
        for criterion in wanting:
            if words & set(re.split(r"[^a-z0-9]+", folded(criterion.field or ""))):
                return canonical(criterion.field or "")
        if asked is not None and canonical(asked.field or "") in names:
            return canonical(asked.field or "")
    return names[0]


def _is_another_amount(found: Found, text: str) -> bool:
    """Whether the words around an amount say that it is none to be spent: paid, owed, a month."""
    before, after = folded(text[: found.start]), folded(text[found.end :])
    return bool(_PAID.search(before) or _PART.match(after))


def _wanted(criteria: Iterable[Criterion]) -> list[str]:
    return list(dict.fromkeys(canonical(c.field) for c in criteria if c.field))


# Answers in the customer's own words.


def _answers(context: TurnContext, extract: Extract, asked: Criterion) -> Iterator[Fact]:
    name, wanted = canonical(asked.field or ""), kinds(asked.field or "")

    def today(text: str) -> tuple[Found, ...]:
        return extract(text, today=context.now.date())

    for message in context.burst:
        text = (message.text or "").strip()
        if not has_words(text):
            continue
        fact: Fact | None = None
        if "name" in wanted or "city" in wanted:
            fact = _bare_words(text, "name" if "name" in wanted else "city", message, today)
        elif "money" in wanted:
            fact = _bare_amount(text, message, today)
        elif not wanted and _is_answer(text, asked, today(text)):
            fact = Fact(name, text, text, message.event_id, _ANSWER_CONFIDENCE, "rules")
        if fact is not None:
            yield replace(fact, name=name)


def _is_answer(text: str, asked: Criterion, found: tuple[Found, ...]) -> bool:
    if len(text) > _ANSWER_CHARS or asks(text):
        return False
    if is_greeting(text) or courtesy(text) or is_noise(text):
        return False
    if is_yes_or_no(text):
        # "Já é cliente?" is answered by it; "o modelo" is not.
        return asked.label.strip().endswith("?") or folded(asked.label).startswith(("se ", "if "))
    if refuses(text):
        return False
    beside = text
    for one in found:
        beside = beside.replace(one.quote, " ")
    return has_words(beside)


_PREFIX = {"name": "me chamo ", "city": "moro em "}
_CLAUSE = re.compile(r"[.,;:!?\n(]|\s[-–]\s")
_LEAD = re.compile(r"^(?:(?:é|eh|e|sou|it's|it is|i'm)\s+)?(?:(?:o|a|em|de|in)\s+)?", re.IGNORECASE)
_BARE = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?: [^\W\d_][^\W\d_'’.-]*){0,4}")
_PARTICLES = frozenset(["de", "da", "do", "das", "dos", "e", "di", "del"])
_NO_NAME = frozenset(
    [
        "sim",
        "nao",
        "s",
        "n",
        "ok",
        "oi",
        "ola",
        "opa",
        "bom",
        "boa",
        "bem",
        "dia",
        "tarde",
        "noite",
        "tudo",
        "obrigado",
        "obrigada",
        "valeu",
        "quero",
        "queria",
        "gostaria",
        "preciso",
        "posso",
        "pode",
        "tem",
        "ter",
        "vou",
        "vcs",
        "vc",
        "voce",
        "voces",
        "eu",
        "meu",
        "minha",
        "seu",
        "sua",
        "isso",
        "esse",
        "essa",
        "esta",
        "aqui",
        "ali",
        "la",
        "como",
        "qual",
        "quanto",
        "quando",
        "onde",
        "quem",
        "que",
        "por",
        "pra",
        "para",
        "com",
        "sem",
        "mas",
        "ja",
        "ainda",
        "nada",
        "ninguem",
        "alguem",
        "depois",
        "agora",
        "hoje",
        "amanha",
        "preco",
        "valor",
        "custa",
        "saber",
        "ver",
        "so",
        "um",
        "uma",
        "manda",
        "mande",
        "claro",
        "certo",
        "blz",
        "beleza",
        "talvez",
        "acho",
        "sei",
        "kkk",
        "kkkk",
        "rs",
        "yes",
        "no",
        "not",
        "the",
        "want",
        "need",
        "what",
        "how",
        "when",
        "where",
        "why",
        "my",
        "your",
        "price",
        "hi",
        "hello",
        "please",
        "thanks",
        "maybe",
        "later",
        "sure",
        "nem",
        "pois",
        "entao",
        "nome",
        "cidade",
        "email",
        "telefone",
        "cliente",
    ]
)


def _bare_words(
    text: str, kind: str, message: Inbound, found_in: Callable[[str], tuple[Found, ...]]
) -> Fact | None:
    clauses = [clause.strip() for clause in _CLAUSE.split(text)]
    clauses = [c for c in clauses if has_words(c) and not (is_greeting(c) or courtesy(c))]
    if not clauses or refuses(clauses[0]) or is_noise(clauses[0]):
        return None
    bare = _LEAD.sub("", clauses[0], count=1).strip()
    for found in found_in(_PREFIX[kind] + bare):
        if found.kind == kind and found.quote and found.quote in bare:
            confidence = min(found.confidence, _COMPLETED_CONFIDENCE)
            return Fact(kind, found.value, found.quote, message.event_id, confidence, "rules")
    words = set(re.findall(r"\w+", folded(bare)))
    if not _BARE.fullmatch(bare) or words & _NO_NAME or len(bare) > 60:
        return None
    return Fact(kind, _capitalised(bare), bare, message.event_id, _ANSWER_CONFIDENCE, "rules")


def _capitalised(name: str) -> str:
    """First letters large but for particles; what is written in both cases stays as it is."""
    words = name.split()
    if not (name.islower() or name.isupper()):
        return " ".join(words)
    return " ".join(
        word.lower() if place and word.lower() in _PARTICLES else word.capitalize()
        for place, word in enumerate(words)
    )


_AMOUNT = re.compile(r"\d[\d.,]*\d|\d")
_CURRENCY = "R$ "
_FEW_WORDS = 6


def _bare_amount(
    text: str, message: Inbound, found_in: Callable[[str], tuple[Found, ...]]
) -> Fact | None:
    amount = _AMOUNT.search(text)
    if amount is None or len(text.split()) > _FEW_WORDS or asks(text) or found_in(text):
        return None
    if sum(c.isdigit() for c in amount[0]) < 3:
        # "25" may be thousands: nothing that one could build on.
        return None
    rest = text[amount.start() :]
    for found in found_in(_CURRENCY + rest):
        quote = found.quote.removeprefix(_CURRENCY)
        if found.kind == "money" and found.start == 0 and rest.startswith(quote):
            confidence = min(found.confidence, _COMPLETED_CONFIDENCE)
            return Fact("money", found.value, quote, message.event_id, confidence, "rules")
    return None
