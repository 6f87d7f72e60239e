"""Dates in figures, day first: "12/03/2027", "12.3.27", "12/03"; ISO dates too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from runtime.extraction.calendar_words import exact_day, full_year, next_day_of_year
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, FORMED

_BEFORE: Final = r"(?<![0-9a-z])(?<![0-9][./,-])(?<![$])(?<![$][ ])"
_AFTER: Final = r"(?![0-9a-z%])(?![./,-][0-9])"
_FULL: Final = re.compile(
    rf"{_BEFORE}(?P<day>[0-9]{{1,2}})(?P<gap>[ ]?[./-][ ]?)(?P<month>[0-9]{{1,2}})(?P=gap)"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_AFTER}"
)
_ISO: Final = re.compile(
    rf"{_BEFORE}(?P<year>[0-9]{{4}})(?P<gap>[/-])(?P<month>[0-9]{{1,2}})(?P=gap)"
    r"(?P<day>[0-9]{1,2})(?![0-9])(?![./,-][0-9])"
)
_SHORT: Final = re.compile(
    rf"{_BEFORE}(?P<day>[0-9]{{1,2}})(?:/|[ ]/[ ])(?P<month>[0-9]{{1,2}}){_AFTER}"
)
# "14-12" may be hours or ages too: a word before says that it is a day.
_DASHED: Final = re.compile(
    rf"(?<![a-z])(?:dia|data|nascimento|vencimento|(?:pode|vai|podia)[ ]ser)[ :]{{1,2}}{_BEFORE}"
    rf"(?P<all>(?P<day>[0-9]{{1,2}})[.-](?P<month>[0-9]{{2}})){_AFTER}(?=[ ]?(?:[?!,\n]|\Z|[.](?![0-9])))"
)
# What makes two numbers with a stroke a share, a score or a counter.
_COUNTER_BEFORE: Final = re.compile(
    r"\b(?:parcela|parc|pagina|pag|nota|parte|etapa|capitulo|apto|ap|apartamento|bloco|casa|numero|"
    r"num|sala|lote|km|pressao|tamanho|fase|placar|aula|modulo|capacidade|lei|versao|atendimento|"
    r"atende|atendem|funciona|funcionam|aberto|loja|kit|quadra|n)[ :.]{0,2}(?:e[ ]|eh[ ]|de[ ]|foi[ ]|n[. ]{1,2})?\Z"
)
_COUNTER_AFTER: Final = re.compile(
    r"[ ]?(?:xicara|colher|copo|kg|quilo|litro|parcela|polegada|mes(?:es)?\b|anos?\b|cx|por[ ]8\b|horas?\b|da[ ]receita|"
    r"do[ ]valor|de[ ]xicara|dos\b|de[ ](?:um|uma)\b)"
)

# "3/4" is a share rather than a day, unless a word before it says otherwise.
_SHARE: Final = re.compile(r"1/[2-9]|2/[35]|3/[458]|4/5|5/8")
_SAID_AS_DAY: Final = re.compile(
    r"\b(?:dia|em|no|ate|pra|para|desde|data|vence|venceu|nasci|marcado|marcar|agendar|ser|de|entre)[ :]{1,2}\Z"
)


def find_numeric_dates(plain: str, today: date) -> Iterator[Candidate]:
    """Every date in figures that the calendar has."""
    for pattern in (_FULL, _ISO):
        for hit in pattern.finditer(plain):
            year = int(hit["year"])
            year = full_year(year, today) if len(hit["year"]) == 2 else year
            found = exact_day(int(hit["day"]), int(hit["month"]), year)
            yield from _candidate(found, hit, FORMED)
    for hit in _SHORT.finditer(plain):
        if not _is_counter(plain, hit):
            found = next_day_of_year(int(hit["day"]), int(hit["month"]), today)
            yield from _candidate(found, hit, EXPLICIT)
    for hit in _DASHED.finditer(plain):
        found = next_day_of_year(int(hit["day"]), int(hit["month"]), today)
        if found is not None:
            yield Candidate("date", found.isoformat(), hit.start("all"), hit.end("all"), EXPLICIT)


def _candidate(found: date | None, hit: re.Match[str], confidence: float) -> Iterator[Candidate]:
    if found is not None:
        yield Candidate("date", found.isoformat(), hit.start(), hit.end(), confidence)


def _is_counter(plain: str, hit: re.Match[str]) -> bool:
    before = plain[max(0, hit.start() - 30) : hit.start()]
    if hit[0] == "24/7" and not before.endswith(("dia ", "em ", "ate ", "no ")):
        return True
    if _SHARE.fullmatch(hit[0]) and not _SAID_AS_DAY.search(before):
        return True
    return bool(_COUNTER_BEFORE.search(before) or _COUNTER_AFTER.match(plain, hit.end()))
