"""The other name of whoever gave one: "sou a Berenice, mas no grupo só Berê", "Maria Eduarda é só pro RG"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import LIKELY
from runtime.extraction.gazetteer import places
from runtime.extraction.introductions import IS
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
    shouted,
)

# How far behind the first name the second is looked for.
_REACH: Final = 80
_WHERE: Final = (
    r"(?:(?:la|aqui|ca)(?:[ ](?:n[oa]s?|em)[ ][a-z]+)?|n[oa]s?[ ](?:minha[ ]|meu[ ])?(?!cadastro|contrato|boleto|sistema|nota|app|pedido)[a-z]+"
    r"(?:[ ]d[aeo]s?[ ][a-z]+)?|em[ ]casa|entre[ ](?:nos|amig[oa]s)|pr[ao]s?[ ](?:amig[oa]s|intim[oa]s|famili?a?|mais[ ]chegad[oa]s))"
)
_CALLED: Final = (
    r"(?:(?:me[ ]|podem?[ ])(?:chama|chamam|chamar|chame|conhece|conhecem|conheceu|trata|tratam|apelidaram)(?:[ ]mesmo)?"
    r"(?:[ ](?:so|apenas|mais))?(?:[ ](?:de|por|como|pelo[ ]apelido[ ]de))?|(?:eu[ ])?(?:me[ ])?assino(?:[ ](?:so|apenas|como))?|(?:so|apenas)[ ](?:por|de|como)"
    r"|atendo[ ]por|respondo[ ]por|sou[ ](?:mais[ ]conhecid[oa][ ]como|chamad[oa][ ]de|so))"
)
_BUT: Final = re.compile(
    rf"(?:[,.;]?[ ](?:mas|porem|so[ ]que|embora|ja)[ ]|[ ]?,[ ])(?:[^.!?\n]{{0,30}}[ ,])??"
    rf"(?:{_CALLED}|(?<=mas[ ]){_WHERE}[ ]?,?[ ](?:(?:{IS}|sou|fica|viro|virei)(?:[ ]so)?|so))[ ](?:[oa][ ])?(?=[a-z])"
)
_CLOSED: Final = re.compile(
    r"[ ]?(?:[,.!;)\n]|\Z|[ ](?:mesm[oa]|em[ ]tudo|k{2,}|rs+|haha|sempre|so|pr[ao]s?|desde|ta|viu|e|por[ ]favor|ok)(?![a-z]))(?![ ]?[?])"
)
# What only the name on paper is for.
_ON_PAPER: Final = re.compile(
    rf"[ ]?,?[ ](?:{IS}[ ]|fica[ ]|sou[ ]|ficou[ ]|consta[ ])?(?:so|apenas|somente)(?:[ ]mesmo)?[ ](?:pr[ao]|para[ ][oa]|n[oa]|em|de)[ ](?:minha[ ]|meu[ ])?"
    r"(?:rg|documentos?|papel|certidao|registro|cartorio|cpf|identidade|carteira|contrato|holerite|cnh|passaporte|batismo|chamada|banco|nome[ ]oficial)(?![a-z])"
)


def find_second(text: Reading, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """What the writer is called besides the names that were found, and a name that is only on paper."""
    plain = text.folded.plain
    for one in found:
        hit = _BUT.search(plain, one.end, one.end + _REACH)
        name = text.name_at(hit.end(), sure=True) if hit else None
        if name is None or "\n" in plain[one.end : text.words.items[name.first].start]:
            continue
        if _CLOSED.match(plain, text.end(name)) and _is_one(text, name):
            yield candidate(text, name, LIKELY)
    for paper in _ON_PAPER.finditer(plain):
        name = _before(text, paper.start())
        if name is not None:
            yield candidate(text, name, LIKELY)


def _is_one(text: Reading, name: Name) -> bool:
    written = capitalised(text, name.first) and not shouted(text)
    said = " ".join(text.words.plain(at) for at in range(name.first, name.after))
    return said not in places() and (written or evident(text, name))


def _before(text: Reading, end: int) -> Name | None:
    """The longest known name that ends there."""
    last = next((at for at, word in enumerate(text.words.items) if word.end == end), None)
    if last is None:
        return None
    for first in range(max(0, last - 3), last + 1):
        name = text.name_at(text.words.items[first].start)
        known = name is not None and name.first == first and name.after == last + 1
        if name is not None and known and name.known and capitalised(text, first):
            return name
    return None
