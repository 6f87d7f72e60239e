"""Places that stand free between signs, beside what the writer tells or asks for in the same breath."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.folding import Folded
from runtime.extraction.gazetteer import STATES, places
from runtime.extraction.name_words import PARTICLES, first_names, surnames
from runtime.extraction.place_owners import RELATIVE

# How many characters on either side are looked at.
_REACH: Final = 200

# The number or letter of an answer in a list: "2) Birigui 3) …".
_LISTED: Final = r"(?:(?:\A|[ \n,;])(?:[0-9]{1,2}|[a-h])[ ]?(?:[).:]|-[ ])[ ]*)"
_BEFORE: Final = re.compile(rf"(?:[,;|(\n]|[ ][-/]|[.!][ ]|{_LISTED})[ ]*\Z")
_BEHIND: Final = re.compile(rf"[ ]*(?:\Z|[,;|)\n]|[.!?](?:[ \n]|\Z)|[-/](?:[ ]|\Z)|(?={_LISTED}))")
_SENTENCE: Final = re.compile(r"(?<![ .](?:dr|sr|jd|av))(?<!dra)(?<!sra)[.!?](?=[ \n]|\Z)|\n")
_SEGMENT: Final = re.compile(r"[,;|()\n]|[ ][-/][ ]|[.!?][ ]")

# What only the writer's own data holds, written beside a place.
_DATA: Final = re.compile(
    r"[0-9][0-9 ().-]{7,}[0-9]|[a-z0-9._+-]+@[a-z]|\b(?:cpf|cnpj|rg|cep|tel|fone|telefone|cel|zap|whats|whatsapp|matricula|oab|crm|crea|cnh|protocolo"
    r"|contato|titular|assinante)\b|\b[0-9]{2}[ ]anos\b"
)
_LIST: Final = re.compile(rf"{_LISTED}[^,;|\n]+{_LISTED}")
_TOLD: Final = re.compile(
    r"\b(?:sou|somos|me[ ]chamo|nome|aqui[ ](?:e|eh|quem)|quem[ ]fala|falo|moro|moramos|tenho|temos|att|atenciosamente|grat[oa]|obrigad[oa]|abracos?)\b"
)
_WANTED: Final = re.compile(
    r"\b(?:quero|queria|queremos|preciso|precisamos|procuro|procuramos|gostaria|orcamento|cotacao|quanto|valor|preco|consert[oa]\w*|instal[ao]\w*"
    r"|entreg\w+|frete|pedido|vagas?|curso|alug\w+|casa|terreno|lote|sala|galpao|apto|ape|apartamento|cuidadora?|diarista|baba|faxina|marceneiro|pintor|pedreiro|eletricista|encanador|chaveiro|guincho|advogad[oa]|dentista|medic[oa]|fisioterapeuta|sobrado|chacara|sitio|obra|reforma|festa|casamento"
    r"|evento|manutencao|visita|financiar|vendo|compro|loja|empresa|urgente|tecnico|boleto|fatura|segunda[ ]via|matricul\w+|reserva|agend\w+|marcar|quer|quebrou|estragou|parou|caiu|pifou|queimou|vaz\w+|sem[ ](?:agua|luz|internet|energia|sinal)|[0-9]+[ ]?(?:m2|metros))\b"
)
# News, sports, lists of what is sold and talk about a place.
_TALK: Final = re.compile(
    r"\b(?:jogos?|times?|camisas?|torc\w+|joga|jogou|gols?|globo|livros?|campeonato|futebol|clube|filmes?|novela|noticias?|jornal|radio|tv|reportagem|chov\w+|chuva|enchente|acidente"
    r"|barragem|aviao|casos|lembra|viu|vi|li|dizem|conhece|conhecem|conheco|conheci|lind[oa]s?|maior|melhor|sabor|morr\w+|historia|musica|show|famos[oa]"
    r"|globo|show|viajei|fui|fomos|foi|nasci|morei|morava|estudei|trabalhei|voltei|formad[oa]|entre|prefeit\w+|governo)\b"
)
_NEWS: Final = re.compile(
    r"\b(?:noticias?|jornal|globo|joga|jogou|show|radio|filme|novela|reportagem|enchente|campeonato|chov\w+|objeto|postad[oa]|rastre\w+|em[ ]transito)\b"
)
_OTHERS: Final = re.compile(
    rf"\b(?:(?:meus?|minhas?|noss[oa]s?|seus?|suas?|uma?|[oa]s?|d[oa])[ ](?:ex[ ]?)?{RELATIVE}|el[ea]s?|del[ea]s?|dra?|doutora?|sra?|seu|dona|prof[a-z]*)\b"
)
_WITH_ME: Final = re.compile(r"\b(?:comigo|conosco)\b")
_ROLE_OF_MINE: Final = re.compile(
    rf"\b(?:sou|aqui[ ](?:e|eh)|eu)[ ](?:[a-z]+[ ,]+){{0,3}}[oa]?[ ]?{RELATIVE}\b"
)
_LAST: Final = re.compile(r"(?:[0-9]|\banos|[a-z0-9.-]+@[a-z0-9.-]+)[ ]*\Z")
_IN_A_PLACE: Final = re.compile(r"\b(?:em|n[oa]|pra|para|ate)[ ]((?:[a-z]+[ ]){0,4}[a-z]+)[ ]*\Z")
_STATE_NAMES: Final = frozenset(STATES.values()) | frozenset({"minas"})


def stands_free(folded: Folded, span: tuple[int, int], *, telling: bool, like_a_name: bool) -> bool:
    """Whether a place between signs is the writer's by what they tell, want or number beside it.

    `span` is where it stands in the folded text; what is not `telling` needs the writer's data, and
    what may be a name of somebody needs a word of its own.
    """
    plain, (start, end) = folded.plain, span
    least = max(0, start - _REACH)
    if not _BEFORE.search(plain, least, start) or not _BEHIND.match(plain, end) or like_a_name:
        return False
    before, behind = _sentence(plain, start, end)
    if _somebody_elses(before) or _TALK.search(before + " " + behind):
        return False
    previous, following = (
        _SEGMENT.split(before.rstrip(" ,;|(-/")),
        _SEGMENT.split(behind.lstrip(" ,;|)-/")),
    )
    if _is_a_place(previous[-1]) or _is_a_place(following[0]) or _ends_in_a_place(previous[-1]):
        return False
    if not telling:
        return _LAST.search(previous[-1]) is not None and _DATA.search(before) is not None
    around = f"{before} {behind}"
    told = any(found.search(around) for found in (_DATA, _TOLD, _WANTED))
    return told or _is_a_name(previous) or _LIST.search(plain, least, end + _REACH) is not None


def _is_a_name(segments: list[str]) -> bool:
    """Whether the writer's name opens the sentence or stands just before: "Ana, 47, diarista, Jaú"."""
    opening = segments[0].split()
    last = segments[-1].split()
    alone = len(segments) > 1 and len(opening) > 0 and all(map(_of_a_name, opening))
    return alone or (len(last) > 1 and all(map(_of_a_name, last)))


def _of_a_name(word: str) -> bool:
    return word in first_names() or word in surnames() or word in PARTICLES


def is_news(folded: Folded, span: tuple[int, int]) -> bool:
    """Whether the sentence around a place is news, sport or a parcel's way."""
    return _NEWS.search(" ".join(_sentence(folded.plain, *span))) is not None


def _sentence(plain: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a place in its sentence, or in the one before where it opens its own."""
    least, most = max(0, start - _REACH), min(len(plain), end + _REACH)
    bounds = [least, *(hit.end() for hit in _SENTENCE.finditer(plain, least, start))]
    first = bounds[-1]
    if len(bounds) > 1 and not plain[first:start].strip():
        first = bounds[-2]
    last = _SENTENCE.search(plain, end, most)
    return plain[first:start], plain[end : last.start() if last else most]


def _somebody_elses(before: str) -> bool:
    if _WITH_ME.search(before) or _ROLE_OF_MINE.search(before):
        return False
    return _OTHERS.search(before) is not None


def _ends_in_a_place(segment: str) -> bool:
    """Whether what stands before is the place itself: "moro em Brasília, Taguatinga"."""
    told = _IN_A_PLACE.search(segment)
    return told is not None and told[1] in places()


def _is_a_place(segment: str) -> bool:
    """Whether a part between signs names a place too: a list of places says nothing of the writer."""
    words = segment.strip(" .!?").split(" e ")
    return any(word.strip() in places() or word.strip() in _STATE_NAMES for word in words)
