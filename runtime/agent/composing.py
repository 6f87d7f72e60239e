"""How the parts of an answer are worded and joined, and what a human is told. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from runtime.agent import asking, phrases
from runtime.agent.context import Fact, TurnContext
from runtime.agent.fact_names import canonical, kinds
from runtime.agent.folding import folded
from runtime.agent.own_words import SURE_ENOUGH
from runtime.agent.reasons import Reason
from runtime.agent.triggers import Trigger
from runtime.companies.config import CompanySettings, Criterion

REPLY_CHARS = 600
"""A question is added only to an answer shorter than this."""
_SAID_CHARS = 300
_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_AMOUNT = re.compile(r"(\d{1,15})\.(\d\d)")
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_COMMAS = str.maketrans(",.", ".,")
_FILE_NAME = re.compile(r"\.(?:pdf|docx?|txt|md|html?|csv|xlsx?)$", re.IGNORECASE)


def joined(*parts: str | None) -> str:
    """The parts that there are, as one text."""
    return " ".join(part for part in parts if part)


def out_of_hours(settings: CompanySettings, now: datetime) -> bool:
    """Whether the company rests: a holiday, or its quiet hours; `now` in the company's time."""
    if now.date() in settings.holidays:
        return True
    quiet, at = settings.quiet_hours, now.time()
    if quiet is None:
        return False
    if quiet.start <= quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


class Voice:
    """Speaks in one turn: the locale, the wordings of this turn and the name, if it is known."""

    def __init__(self, context: TurnContext, known: Mapping[str, Fact]) -> None:
        self._context = context
        self._known = known
        self._locale = context.company.locale
        lines = (line.text for line in reversed(context.history) if line.role == "centurion")
        self._last = next(lines, "")
        name = _first_name(known.get("name"))
        self._values = {
            "name": name,
            "comma_name": f", {name}" if name else "",
            "daytime": self._plain(_daytime(context)),
        }

    @property
    def knows_name(self) -> bool:
        """Whether the customer can be called by their name."""
        return bool(self._values["name"])

    @property
    def is_first(self) -> bool:
        """Whether nothing was said to the customer before."""
        return all(line.role == "contact" for line in self._context.history)

    def say(self, name: str, /, **values: str) -> str:
        """A phrase, not in the very words of the line before."""
        values = {**self._values, **values}
        return phrases.say(name, self._locale, self._context.turn_id, unlike=self._last, **values)

    def question(self, criterion: Criterion) -> str:
        """The question for a fact."""
        return asking.question(self._context, criterion)

    def said_lately(self, quote: str) -> bool:
        """Whether one of the last lines of this side holds the quote already."""
        lines = [line.text for line in self._context.history if line.role != "contact"]
        return any(quote in line for line in lines[-3:])

    def quoting(self, title: str, quote: str) -> str:
        """A quote with the document that it comes from."""
        title = _FILE_NAME.sub("", title).replace("_", " ").strip()
        if not title:
            return self.say("quoted_untitled", quote=quote)
        return self.say("quoted", title=title, quote=quote)

    def handing_over(self, phrase: str) -> str:
        """What the customer is told: the company's own message or ours, and when nobody is there."""
        company, centurion = self._context.company, self._context.centurion
        told = (centurion.handoff.message or "").strip()
        if not told:
            told = self.say(phrase if phrases.has(phrase, self._locale) else "handoff")
        resting = out_of_hours(company.settings, self._context.now)
        return joined(told, self.say("out_of_hours") if resting else None)

    def brief(self, reason: Reason, trigger: Trigger | None) -> str:
        """What the human should know: why, what was said, what is known, what is missing."""
        said = " / ".join(self._context.question.split("\n"))
        if len(said) > _SAID_CHARS:
            said = f"{said[:_SAID_CHARS].rstrip()}…"
        lines = [self._plain(f"brief_{reason}"), self._plain("brief_said", said=said)]
        if trigger is not None and trigger.quote != self._context.question.strip():
            words = " ".join(trigger.quote.split())
            lines.append(self._plain("brief_words", words=words))
        if self._known:
            facts = "; ".join(f"{self._label(n)}: {self._shown(f)}" for n, f in self._known.items())
            lines.append(self._plain("brief_known", facts=facts))
        missing = [
            criterion.label
            for criterion in asking.required_fields(self._context)
            if canonical(criterion.field or "") not in self._known
        ]
        if missing:
            labels = phrases.listed(missing, self._locale)
            lines.append(self._plain("brief_missing", labels=labels))
        if out_of_hours(self._context.company.settings, self._context.now):
            lines.append(self._plain("brief_out_of_hours"))
        return "\n".join(lines)

    def _plain(self, name: str, /, **values: str) -> str:
        return phrases.variants(name, self._locale, **values)[0]

    def _label(self, name: str) -> str:
        if phrases.has(f"fact_{name}", self._locale):
            return self._plain(f"fact_{name}")
        return name.replace("_", " ")

    def _shown(self, fact: Fact) -> str:
        """A fact's value as people write it."""
        value, found_as = str(fact.value), kinds(fact.name)
        if "money" in found_as and (amount := _AMOUNT.fullmatch(value)):
            whole = f"{int(amount[1]):,}"
            cents = "" if amount[2] == "00" else f".{amount[2]}"
            shown = f"R$ {whole}{cents}"
            return shown.translate(_COMMAS) if self._locale == "pt-BR" else shown
        if "date" in found_as and self._locale == "pt-BR" and (day := _ISO_DAY.fullmatch(value)):
            return f"{day[3]}/{day[2]}/{day[1]}"
        return value


def _first_name(fact: Fact | None) -> str:
    if fact is None or not isinstance(fact.value, str) or fact.confidence < SURE_ENOUGH:
        return ""
    first = _NAME.match(fact.value.strip())
    if first is None or not 2 <= len(first[0]) <= 30:
        return ""
    return first[0].capitalize() if first[0].isupper() else first[0]


def _daytime(context: TurnContext) -> str:
    """The time of day that the customer greets with, else what the clock says."""
    said = folded(context.question)
    for daytime, words in (
        ("morning", ("bom dia", "good morning")),
        ("afternoon", ("boa tarde", "good afternoon")),
        ("evening", ("boa noite", "good evening")),
    ):
        if any(word in said for word in words):
            return daytime
    hour = context.now.hour
    if 5 <= hour < 12:
        return "morning"
    return "afternoon" if 12 <= hour < 18 else "evening"
