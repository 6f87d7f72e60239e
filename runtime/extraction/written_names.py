"""Given names that the writer wants written down, on a badge or a document, or owns with a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import LIKELY
from runtime.extraction.introductions import GREETING, IS, SPEAKS
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
)
from runtime.extraction.name_words import first_names
from runtime.extraction.not_mine import of_a_person
from runtime.extraction.reported import reported
from runtime.extraction.short_forms import pet_form

# How far back a greeting is looked for.
_REACH: Final = 30

_WRITE: Final = r"(?:coloc[ae]|po[er]|ponha|bot[ae]|escrev[ae]|assin[ae]|registr[ae]|cadastr[ae]|grav[ae]|bord[ae]|imprim[ae])r?"
_PAPER: Final = r"(?:cracha|convite|certificado|diploma|etiqueta|comanda|ficha|placa|camiseta|camisa|carteirinha|pulseira|credencial|lista|copo|caderno)"
_ON_PAPER: Final = re.compile(
    rf"(?<![a-z])n[oa]s?[ ](?:meu[ ]|minha[ ])?{_PAPER}[ ](?:[a-z]+[ ]){{0,3}}?(?:{_WRITE}|sair|sai|vai|e|eh|fica)[ ](?:so[ ]|como[ ])?(?=[a-z])"
)
_SPELT: Final = re.compile(
    rf"(?:\A|[\n.!?,])[ ]*(?:(?:pode|por[ ]favor|favor)[ ])?{_WRITE}[ ](?:ai[ ])?(?=[a-z])"
)
# Only somebody's own name is spelt out so.
_GREETED: Final = re.compile(rf"(?:\A|[\n.!?,])[ ]*{GREETING}[ ]?,?[ ](?:[oa][ ])?\Z")
_HOW_SPELT: Final = re.compile(
    r"[ ]?,?[ ](?:com|sem)[ ](?:acento|h|y|k|w|th|ph|dois|duas|[a-z][ ]|[a-z]\Z|[a-z][,.])"
)
# "tá como Ana no sistema? sou eu", "reserva da Ana, sou eu".
_OWNED: Final = re.compile(
    r"(?:[ ](?!sou|tem)[a-z0-9]+){0,4}[ ]?[?,][ ]?(?:(?:pq|porque|pois)[ ])?(?:ess[ea][ ]|est[ea][ ])?sou[ ]eu(?![ ]?,[ ](?:[oa][ ])?[a-z]+[ ]?(?:[.!,]|\Z))"
    r"(?![ ](?:que|quem|q)[ ])(?=[ ]?(?:[.,!?\n]|\Z|[ ](?:e|mesm[oa]|[oa])[ ]))"
    rf"|[ ]?,[ ](?:que[ ]{IS}[ ]quem[ ](?:{SPEAKS}|paga)|eu[ ]mesm[oa](?:[ ](?:vou|que|busco|retiro|pego|faco|pago)))(?![a-z])"
    r"|[ ]sou[ ]eu(?=[ ]?(?:[.,!\n]|\Z))|[ ]?[?][ ](?:e|eh)[ ](?:pra[ ]mim|comigo)(?![a-z])"
    r"|[ ]que[ ](?:[a-z0-9]+[ ]){1,5}sou[ ]eu(?=[ ]?(?:[.,!\n]|\Z))"
    r"|(?:[ ]mesm[oa])?[ ]?,[ ]que[ ]sou[ ]eu(?![a-z])|[ ]mesm[oa][ ]?[,.][ ]sou[ ]eu(?![a-z])"
)


def find_written(text: Reading) -> Iterator[Candidate]:
    """Every given name that is to be written as the writer's, or that they say is theirs."""
    plain = text.folded.plain
    for pattern in (_ON_PAPER, _SPELT):
        for hit in pattern.finditer(plain):
            name = text.name_at(hit.end())
            if name is None or not _written(text, name) or of_a_person(hit[0]):
                continue
            if pattern is _ON_PAPER or _HOW_SPELT.match(plain, text.end(name)):
                yield candidate(text, name, LIKELY)
    yield from _owned(text)


def _owned(text: Reading) -> Iterator[Candidate]:
    """A name before "? sou eu", wherever it stands."""
    after = 0
    for at, word in enumerate(text.words.items):
        if at < after or word.plain not in first_names():
            continue
        name = text.name_at(word.start)
        if name is None or name.first != at:
            continue
        after = name.after
        if not _written(text, name) or reported(text.folded, word.start, text.end(name)):
            continue
        hit = _OWNED.match(text.folded.plain, text.end(name))
        # "Paulo, sou eu" may be said to Paulo.
        if hit and not (hit[0].lstrip().startswith(",") and _called(text, at)):
            yield candidate(text, name, LIKELY)


def _called(text: Reading, at: int) -> bool:
    """Whether a message or a greeting leads to a word."""
    start = text.words.items[at].start
    said = text.folded.plain[max(0, start - _REACH) : start]
    return at == 0 or _GREETED.search(said) is not None


def _written(text: Reading, name: Name) -> bool:
    sure = evident(text, name) or pet_form(text, name.first)
    return sure and (capitalised(text, name.first) or name.after > name.first + 1)
