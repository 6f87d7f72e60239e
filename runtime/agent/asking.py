"""Which fact is asked for next, in which words, and what an earlier line asked for. Pure.

A question is known again by its wording, so that nothing but the conversation itself says what was
asked: a turn that is decided anew asks the same. Each fact is asked for at most twice, in other
words the second time; then it is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from functools import lru_cache

from runtime.agent import phrases
from runtime.agent.context import Line, TurnContext
from runtime.agent.fact_names import canonical
from runtime.agent.folding import folded
from runtime.agent.utterances import refuses
from runtime.companies.config import Criterion

TRIES = 2
"""How often a fact is asked for."""

_DETERMINERS = frozenset(
    [
        "o",
        "a",
        "os",
        "as",
        "um",
        "uma",
        "seu",
        "sua",
        "seus",
        "suas",
        "teu",
        "tua",
        "your",
        "the",
        "an",
        "my",
        "qual",
        "quais",
        "quando",
        "quanto",
        "quanta",
        "quantos",
        "quantas",
        "onde",
        "como",
        "que",
        "quem",
        "se",
        "por",
        "para",
        "em",
        "de",
        "com",
        "what",
        "which",
        "when",
        "where",
        "how",
        "who",
        "if",
        "whether",
        "why",
    ]
)
_PLAIN = {
    "name": {"nome", "name"},
    "email": {"email", "e-mail", "e-mail address", "email address"},
    "phone": {
        "telefone",
        "celular",
        "whatsapp",
        "numero",
        "telefone com ddd",
        "phone",
        "phone number",
    },
    "cpf": {"cpf"},
    "cnpj": {"cnpj"},
    "budget": {"orcamento", "budget", "verba"},
    "date": {"data", "dia", "date", "day"},
    "city": {"cidade", "city"},
}
"""Labels that say no more than the fact's name, for which there are questions of their own."""


def required_fields(context: TurnContext) -> list[Criterion]:
    """The criteria whose fact is required, in the centurion's order, one a fact."""
    criteria = context.centurion.qualification.criteria
    by_name: dict[str, Criterion] = {}
    for criterion in criteria:
        if criterion.type == "field_present" and criterion.required:
            by_name.setdefault(canonical(criterion.field or ""), criterion)
    return list(by_name.values())


def asked_last(context: TurnContext) -> Criterion | None:
    """The criterion that the line just before the burst asked for, whoever worded it."""
    if not context.history or context.history[-1].role == "contact":
        return None
    return _asked_in(context.history[-1].text, _fields(context), context.company.locale)


def next_to_ask(context: TurnContext, known: Container[str]) -> Criterion | None:
    """The first required fact that is not known and may still be asked for."""
    missing = [c for c in required_fields(context) if canonical(c.field or "") not in known]
    left_alone = _left_alone(context) if missing else frozenset()
    return next((criterion for criterion in missing if criterion.key not in left_alone), None)


def question(context: TurnContext, criterion: Criterion) -> str:
    """The question for a fact, in words that the last line did not use."""
    locale = context.company.locale
    fields = _fields(context)
    again = any(
        line.role == "centurion" and _asked_in(line.text, fields, locale) == criterion
        for line in context.history
    )
    name, label = _wording(criterion, again=again)
    last = next((x.text for x in reversed(context.history) if x.role == "centurion"), "")
    return phrases.say(name, locale, context.turn_id, unlike=last, label=label)


def _left_alone(context: TurnContext) -> frozenset[str]:
    """The keys of the criteria that are not asked for again: often enough asked for, or refused."""
    locale, fields = context.company.locale, _fields(context)
    tries: Counter[str] = Counter()
    refused: set[str] = set()
    asked: Criterion | None = None
    for line in (*context.history, *(Line("contact", m.text) for m in context.burst if m.text)):
        if line.role == "contact":
            if asked is not None and refuses(line.text):
                refused.add(asked.key)
        elif (asked := _asked_in(line.text, fields, locale)) and line.role == "centurion":
            tries[asked.key] += 1
    return frozenset(refused).union(key for key, times in tries.items() if times >= TRIES)


def _fields(context: TurnContext) -> list[Criterion]:
    criteria = context.centurion.qualification.criteria
    return [criterion for criterion in criteria if criterion.type == "field_present"]


def _asked_in(text: str, criteria: Iterable[Criterion], locale: str) -> Criterion | None:
    """The criterion that the most characters of `text` ask for."""
    end = text.rfind("?")
    question = folded(re.split(r"[.!\n]", text[:end])[-1]) if end >= 0 else ""
    best: tuple[int, Criterion] | None = None
    for criterion in criteria:
        length = _asked_with(text, question, criterion, locale)
        if length and (best is None or length > best[0]):
            best = (length, criterion)
    return best[1] if best else None


def _asked_with(text: str, question: str, criterion: Criterion, locale: str) -> int:
    """How many characters ask for the fact; the longest of several wins."""
    wordings = _wordings(criterion, locale)
    if found := max((len(w) for w in wordings if w in text), default=0):
        return found
    # Worded by a model or a person: the question that names what the label names.
    core = _core(criterion.label)
    named = core and re.search(rf"(?<!\w){re.escape(core)}(?!\w)", question)
    return len(core) if named else 0


@lru_cache(maxsize=1024)
def _wordings(criterion: Criterion, locale: str) -> tuple[str, ...]:
    """All questions for a fact, the first ones and the second ones."""
    return tuple(
        wording
        for again in (False, True)
        for name, label in [_wording(criterion, again=again)]
        for wording in phrases.variants(name, locale, label=label)
    )


def _wording(criterion: Criterion, *, again: bool) -> tuple[str, str]:
    """The name of the phrase, and the label as it stands in it."""
    suffix = "_again" if again else ""
    label = criterion.label.strip() or criterion.key
    name = canonical(criterion.field or "")
    if label.endswith("?"):
        return f"ask_question{suffix}", label
    if _core(label) in _PLAIN.get(name, ()):
        return f"ask_{name}{suffix}", label
    label = label.rstrip(".:; ") or criterion.key
    if len(label) > 1 and not label[1].isupper():
        label = label[0].lower() + label[1:]
    first = folded(label).split(" ", 1)[0]
    return f"ask{suffix}" if first in _DETERMINERS else f"ask_bare{suffix}", label


@lru_cache(maxsize=1024)
def _core(label: str) -> str:
    """The label without "seu", "o", …: `e-mail`."""
    words = folded(label).rstrip("?.:; ").split()
    while len(words) > 1 and words[0] in _DETERMINERS:
        words.pop(0)
    return " ".join(words)
