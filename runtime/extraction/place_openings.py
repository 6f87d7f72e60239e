"""Places that a message opens with or that are said of "here", and places that the words behind disown."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.gazetteer import places
from runtime.extraction.name_words import first_names, surnames
from runtime.extraction.place_owners import RELATIVE
from runtime.extraction.words import Words

_HELLO: Final = r"(?:(?:\A|[.!\n] )(?:(?:(?:oi+e*|ola|opa|bom dia|boa tarde|boa noite|e ai)(?: (?:gente|pessoal))? ?[,!.] ?|(?:oi+e*|ola|opa|bom dia|boa tarde|boa noite) ))*)"
_OPENS_FROM: Final = re.compile(rf"{_HELLO}de \Z")
_OPENS: Final = re.compile(rf"{_HELLO}\Z")
_IS_HERE: Final = re.compile(r"\b(?:aqui|aki)(?: (?:e|eh))? (?:em )?\Z")
_SPEAKS: Final = re.compile(r"(?:aqui|aki|falando|na linha)(?: [.,!]| *\Z)")
_FROM_THERE: Final = re.compile(r"(?:aqui|aki|falando|,)(?: |\Z)")
# "Aracaju tem médico de vocês?"
_ASKS: Final = re.compile(
    r"(?:tem|teria|atende|atendem|entrega|entregam|ja|voces|vcs|vc|chega|tambem|recebe|esta|ta|faz|fazem) [^.!]*\?"
)
# What is charged or bought there by others: "nunca pisei lá", "que não é meu".
_DISOWNED: Final = re.compile(
    r"(?:, |\. |e |mas |so que )*(?:eu )?(?:nunca (?:pisei|fui|estive|morei|passei|comprei)|nem (?:conheco|sei|fui|passei)|nao (?:conheco|fui|estive|moro|comprei|era|e|eh))"
    r"(?: (?:la|ai|por la|por ai|nem perto|nessa cidade|onde (?:e|eh|fica)|na (?:minha )?vida|eu|isso|nada))*(?: [.,!?;]| *\Z)"
    r"|, (?:me|nos) (?:indicou|falou|passou|disse|vendeu|atendeu|mandou|recomendou|enganou)\b"
    r"|que (?:nao (?:e|eh|sao|fui|foi)|nunca) "
)
# "Pra minha mãe em Lorena, mas eu tô em Guaratinguetá".
_UNWANTED: Final = re.compile(
    r"\bnao (?:quero|queria|pode ser|serve|precisa ser) (?:\w+ )?(?:em|n) \Z"
)
_RELATIVES: Final = re.compile(rf"\b(?:minhas?|meus?|noss[oa]s?) {RELATIVE} (?:la )?(?:em|de) \Z")
_BUT_I: Final = re.compile(
    r"[^.!?]{0,40}?(?:, |mas |porem |so que |e )(?:eu )?(?:moro|estou|to|tou|fico|vivo|sou|resido)\b"
)
_WHERE_I_LIVE: Final = re.compile(
    r"(?:, )?(?:(?:a )?(?:minha )?cidade |lugar )?(?:onde|em que) (?:eu )?(?:moro|vivo|resido)\b"
)
_STREET: Final = re.compile(
    r"\b(?:rua|r|av|avenida|travessa|alameda|rodovia|estrada)(?: \w+){1,5} (?:n |numero |num )?\d+ ,?"
    r"(?: ?(?:ap|apto|casa|bloco|bl|fundos|sala|loja)(?: \d+)?)?(?: ?(?:bairro|jardim|jd|vila|setor|parque|residencial)(?: \w+){1,3}| ?centro) ,? ?\Z"
)


def disowned(clause: str, ahead: str) -> bool:
    """Whether the words behind a place, or a relative before it, make it none of the writer's."""
    if _UNWANTED.search(clause):
        return True
    return _DISOWNED.match(ahead) is not None or (
        _RELATIVES.search(clause) is not None and _BUT_I.match(ahead) is not None
    )


def lived_in(ahead: str) -> bool:
    """Whether the words behind a place say that the writer lives there: "onde eu moro"."""
    return _WHERE_I_LIVE.match(ahead) is not None


def opens_from(clause: str, ahead: str) -> bool:
    """Whether a message opens with where it comes from: "de Resende aqui"."""
    return _OPENS_FROM.search(clause) is not None and _FROM_THERE.match(ahead) is not None


def opens_bare(words: Words, at: int, after: int, clause: str, ahead: str) -> bool:
    """Whether a place that is nobody's name is said of here, or asked about at once."""
    if _like_somebody(words, at, after):
        return False
    if _IS_HERE.search(clause):
        return True
    if not _OPENS.search(clause):
        return False
    return _SPEAKS.match(ahead) is not None or _ASKS.match(ahead) is not None


def in_an_address(clause: str) -> bool:
    """Whether a street with its number and a quarter stand before, without signs between."""
    return _STREET.search(clause) is not None


def _like_somebody(words: Words, at: int, after: int) -> bool:
    """Whether a place may be a person's name: "Vitória", "Getúlio Vargas"."""
    first = words.plain(at)
    key = " ".join(words.plain(step) for step in range(at, after))
    alone = after == at + 1 and first in surnames()
    return first in first_names() or alone or key not in places()
