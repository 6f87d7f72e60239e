"""What a burst tells of its writer: facts found in it, and answers to the question before it. Pure.

Each fact quotes the message that it stands in, word for word. Found facts are recorded under the
canonical name of the criterion that wants them; of those that nobody wants only name, e-mail, phone
and city are kept: an amount or a date says nothing without a question, and a document's number is
not kept for nothing. A phone number or e-mail address that the channel gives with the message counts
as found in it. Of several finds for one fact in a message the first counts, of amounts the last (the
upper end of a range); a later message replaces an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from runtime.agent.context import Fact, TurnContext
from runtime.agent.fact_names import canonical, kinds, known_facts
from runtime.agent.folding import folded
from runtime.agent.own_words import Extract, answers
from runtime.companies.config import Criterion
from runtime.extraction.found import Found, Kind

_KEPT_UNASKED: frozenset[str] = frozenset({"name", "email", "phone", "city"})
_NEEDS_QUESTION: frozenset[Kind] = frozenset({"money", "date"})
_UNASKED_CONFIDENCE = 0.6
_PAID = re.compile(
    r"\b(?:pag(?:o|uei|amos|ava|aram)|cust(?:ou|a)|cobr(?:a|ou|aram|ando)|dev(?:o|endo)|ganho|recebo"
    r"|gastei|vale|valor de|total)(?: (?:uns|umas|ate|cerca de|quase|mais de|r\$))*$"
)
_PART = re.compile(
    r"(?:reais )?(?:de (?:entrada|sinal|luz|aluguel|condominio|parcela|multa|desconto|renda|salario)"
    r"|(?:por|ao|de) mes|mensais|/ ?mes|por dia|n[oa] pix)\b"
)
_TELLING = re.compile(r"[a-z]{4,}")
"""Words long enough to tell one fact from another: "entrada", not "de"."""
_AROUND = 40
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
        answer = next(answers(context, extract, asked), None)
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
        names: set[str] = set()
        for found in extract(message.text or "", today=context.now.date()):
            wanting = [c for c in criteria if found.kind in kinds(c.field or "")]
            name = _name_for(found, wanting, message.text or "", asked)
            if name is None or (name in names and found.kind != "money"):
                continue
            names.add(name)
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
        words = set(_TELLING.findall(folded(text)))
        for criterion in wanting:
            if words & set(_TELLING.findall(folded(criterion.field or ""))):
                return canonical(criterion.field or "")
        if asked is not None and canonical(asked.field or "") in names:
            return canonical(asked.field or "")
    return names[0]


def _is_another_amount(found: Found, text: str) -> bool:
    """Whether the words around an amount say that it is none to be spent: paid, owed, a month."""
    before = folded(text[max(0, found.start - _AROUND) : found.start])
    after = folded(text[found.end : found.end + _AROUND])
    return bool(_PAID.search(before) or _PART.match(after))


def _wanted(criteria: Iterable[Criterion]) -> list[str]:
    return list(dict.fromkeys(canonical(c.field) for c in criteria if c.field))
