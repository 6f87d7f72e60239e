"""Names that stand free in a message: the writer's, unless something gives them to somebody else.

A whole name ("Ana Lima") needs no introduction, only signs, lines, figures or the word of a record
around it; a given name alone needs its bearer's number, a line or an opening of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import WEAK
from runtime.extraction.gazetteer import places
from runtime.extraction.identifications import from_a_town
from runtime.extraction.introductions import GREETING
from runtime.extraction.name_parts import (
    Name,
    Reading,
    candidate,
    capitalised,
    evident,
    seems_a_family,
    shouted,
)
from runtime.extraction.name_words import (
    AMBIGUOUS,
    NO_NAME,
    TITLES,
    first_names,
    surnames,
)
from runtime.extraction.not_mine import of_a_person, somebody_elses

_SAINTS: Final = frozenset({"santa", "santo", "sao", "dom", "dona"})
# How far back and ahead the words that make a name the writer's are looked for.
_REACH: Final = 160
_FEWEST_LINES: Final = 2

# "E. E. Ana Lima" is a school.
_ABBREVIATED: Final = re.compile(r"(?:\A|[^a-z0-9])[a-z][ ]?[.][ ]*\Z")
# Signs that join words of one name of something are no bounds: "Lima & Prado", "Ana's".
_SIGN: Final = r"[^a-z0-9 &/@+#%'\"?]"
_RECORD: Final = (
    r"(?:(?:coloc|bot|registr|lanc|anot|cadastr|confirm|agend|reserv|salv|adicion|matricul|assin)(?:a|ar|e|ue)|confirm(?:ado|ada|o)"
    r"|inclu(?:a|ir|i)|inscrev(?:e|er|a)|escrev(?:e|er|a)|ponha|poe|por|add)"
)
_HOW: Final = (
    r"(?:[ ](?:ai|la|so|como|por|ae|entao|(?:pra|para|por)[ ]mim|(?:(?:o|no|em)[ ])?meu[ ]nome))"
)
# As what a customer writes in front of their name; "aluno" and "titular" may be another.
_ROLE: Final = r"(?:ex[ -]{1,3})?(?:cliente|morador|moradora|hospede|passageir[oa]|associad[oa]|candidat[oa]|assinante|usuari[oa]|segurad[oa]|servidora?|visitante|soci[oa]|motorista|sindic[oa]|inquilin[oa]|aposentad[oa]|produtora?)|ex[ -]{1,3}(?:alun[oa]|funcionari[oa])"
_OPENS: Final = re.compile(
    rf"(?:\A|{_SIGN}|[?])[ ]*\Z|[0-9]h?[ ]+\Z|@[^ ]+[ ]+\Z"
    rf"|(?<![a-z])(?<!me[ ])(?<!o[ ])(?<!a[ ]){_RECORD}{_HOW}*[ ]?:?[ ]\Z"
    r"|(?:\A|[.!?\n])[ ]*(?:segue[ ](?:[oa][ ]|meu[ ]|minha[ ])?)?(?:boleto|comprovante|curriculo|inscricao|cadastro|segunda[ ]via|2a[ ]via)[ ]\Z"
    r"|(?<![a-z])(?:requerente|signatari[oa]|peticionari[oa]|declarante|subscrit[oa]|outorgante)[ ]?,?[ ]\Z"
    r"|(?:\A|[.,!?\n])[ ]*aqui[ ]\Z|(?<![a-z])(?:ta|esta|tava)[ ]n?o[ ]nome[ ]\Z|(?<![a-z])n?o[ ]meu[ ]nome[ ]\Z"
    rf"|(?:\A|{_SIGN})[ ]*(?:{_ROLE})[ ]\Z|(?<![a-z])(?:meu|minha)[ ][a-z]+[ ](?:e|eh)[ ][oa][ ]de[ ]\Z"
)
# "procura por Ana Lima", where the writer's own record is meant.
_LOOKED_UP: Final = re.compile(
    r"(?<![a-z])(?:procur|busc|pesquis|ach|localiz)[a-z]{0,2}(?:[ ]ai|[ ]la)?[ ](?:por|pelo[ ]nome(?:[ ]de)?)[ ]\Z"
)
_OWN: Final = re.compile(r"(?<![a-z])(?:meu|minha|eu|sou)(?![a-z])")
_IN_MY: Final = re.compile(
    r"[ ]n[oa]s?[ ](?:meu|minha)[ ](?:boleto|cadastro|contrato|rg|documento|cartao|conta|pedido|ficha|carteirinha|nota|cracha|ingresso|passagem"
    r"|reserva|fatura|exame|convite|cpf)(?![a-z])"
)
# "…, é Ana Lima" closes a message.
_IT_IS: Final = re.compile(r"[.!?,\n][ ]*(?:e|eh)[ ]\Z")
_CONTACT: Final = r"(?:[+(]?[0-9][0-9 ().-]{7,}|[a-z0-9._+-]+@[a-z])"
_CLOSES: Final = re.compile(
    rf"[ ]*(?:\Z|{_SIGN}|/)|[ ]+{_CONTACT}|[ ]+[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{2,4}}"
    r"|[ ]d[aeo]s?[ ](?:[0-9]|(?:ap|apto|bloco|casa|sala|turma)[ ]|[a-z]+(?:[ ][a-z0-9]+){0,2}[ ]?(?:\Z|[,.!\n]))"
    r"|[ ](?:k{2,}|rs+(?![a-z])|haha|[0-9]{1,2}[ ]?h|vem[ ][a-z])|[ ](?:sim|mesm[oa]|e[ ]familia|na[ ]nota|pra[ ]mim|[+][ ]?[0-9]|(?:cpf|rg|tel|telefone|fone|cel|celular|zap|whats|email|oab|crm"
    r"|matricula|apto|ap|bloco|sala|turma|quarto)(?![a-z])|com[ ](?:acento|[a-z][ ]|dois|duas))"
)
_ENDS: Final = re.compile(r"[ ]*[.!]?[ ]*\Z")
# In writing of some form the writer is the third person: "Ana Lima solicita segunda via".
_ASKS: Final = re.compile(r"[ ](?:quer|deseja|solicita|requer|vem|gostaria|precisa)[ ][a-z0-9]")
_TITLED: Final = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(TITLES))})[ ]?[.]?[ ]?\Z")
_I_AM_TITLED: Final = re.compile(
    rf"(?<![a-z])(?:sou|eu|aqui)(?![a-z])[^.!?\n]*,[ ](?:{'|'.join(sorted(TITLES))})[ ]?[.]?[ ]?\Z"
)
_PRACTISES: Final = re.compile(
    r"[ ]?[,-][ ]?(?:oab|crm|cro|crea|crp|crefito|coren|cau)(?![a-z])|[^.!?\n]{0,40}[ ](?:solicito|venho|requeiro|encaminho|gostaria)\b"
)
# A given name with its bearer's number behind it, or what its bearer is of, once the greeting is over.
_NUMBERED: Final = re.compile(rf"[ ]?[,:-]?[ ]?{_CONTACT}")
_SAYS_HI: Final = re.compile(rf"(?<![a-z]){GREETING}[ ]\Z")
_GREETED: Final = re.compile(
    rf"(?<![a-z]){GREETING}(?:[ ](?:meu|minha|seu)[ ][a-z]+)?[ ]?[!.\n][ ]*\Z"
)
# "Aluna Ana Lima, quero trancar meu curso": hers, where the wish is her own.
_MAY_BE_MINE: Final = re.compile(
    r"(?:\A|[.!?\n])[ ]*(?:alun[oa]|paciente|titular|beneficiari[oa]|contratante|dependente)[ ]?:?[ ]\Z"
)
_WANTS_MINE: Final = re.compile(
    r"[ ]?,[^.!?\n]{0,30}?(?<![a-z])(?:quero|queria|preciso|gostaria|solicito)(?![a-z])[^.!?\n]{0,40}(?<![a-z])(?:meu|minha|meus|minhas)(?![a-z])"
    r"(?![ ](?:fil|mae|pai|espos|marid|irma|av[oh]|net|sobrinh|ti[oa]))"
)
# Nobody who is greeted is told their own door: "oi, Ana do 302, cadê a encomenda".
_HAILING: Final = re.compile(rf"(?<![a-z]){GREETING}[ ]?,[ ]\Z")
_OF_A_HOUSE: Final = re.compile(
    r"[ ]d[aeo][ ](?:[0-9]|(?:ap|apto|apartamento|bloco|bl|casa|sala|quadra|lote|torre)[ ][0-9a-z]{1,4}(?![a-z]))"
)
# "Murilo: quero trancar a matrícula", where nobody else speaks.
_DICTATES: Final = re.compile(
    r"[ ]?[:.][ ](?:eu[ ])?(?:quero|queria|preciso(?![ ]d[aeo]s?[ ](?:seu|sua|teu|tua))|gostaria|tenho|estou|to|posso|comprei|paguei|recebi"
    r"|fiz|sou|moro|meu|minha|perdi|solicito|vim|venho)(?![a-z])"
)
_OF_SOMETHING: Final = re.compile(
    r"[ ]?,?[ ]d[aeo]s?[ ](?!pra|para|p[ ]|novo)[a-z0-9]+(?:[ ](?:d[aeo]s?[ ])?[a-z0-9]+){0,3}[ ]?(?:,[ ](?!tud|voce|vc|bom|boa|me[ ]|pode|cade)|[.]?\Z)"
)
# Between the names of a list: "Ana Lima\nRui Lima", "Ana Lima e Rui Lima".
_LISTED: Final = re.compile(r"[^a-z]*(?:(?:e|com)[ ])?")
_JOINTS: Final = frozenset({",", "e", "\n", "-", ";"})
_ADDRESS: Final = re.compile(r"@|[a-z0-9][_.]\Z")
_GLUED: Final = re.compile(r"@|[._][a-z0-9]")
# A sentence of three words and more, over: "o Theo não vai hoje. Cris".
_AFTER_ALL: Final = re.compile(r"[a-z0-9]+[ ,]+[a-z0-9]+[ ,]+[a-z0-9]{3,}[ ]?[.!][ ]+\Z")
_BEHIND_A_NUMBER: Final = re.compile(r"[0-9]{4}[ .-]?[0-9]{4}[ ]?[,(-]?[ ]?\Z")
# "Ana, chamado 4410", "…, aqui Ana"
_FILED: Final = re.compile(
    r"[ ]?,[ ](?:chamado|protocolo|pedido|contrato|mesa|quarto|apto|ap|placa|turma|sala|codigo|cod|matricula|inscricao)[ .]{0,2}(?:n[ .o]{1,3})?[a-z]{0,3}[0-9][^?]*\Z"
)
_HERE: Final = re.compile(r"[,.!?][ ]aqui[ ]\Z")
_NOTED: Final = re.compile(rf"(?<![a-z])(?:pode|por[ ]favor|favor)[ ]{_RECORD}{_HOW}*[ ]\Z")
# "inquilino do 22, Ivo"
_AFTER_A_ROLE: Final = re.compile(
    rf"(?:\A|[.!?\n])[ ]*(?:{_ROLE}|inquilin[oa]|vizinh[oa]|alun[oa]|mae|pai)(?:[ ][a-z0-9]+){{1,4}}[ ]?,[ ]\Z"
)
_FAMILY: Final = re.compile(r"[ ]e[ ](?:familia|esposa|marido|filhos?)[ ]?(?:[,.!\n]|\Z)")
# "Caio, dono da Lívia" opens a message.
_OF_SOMEBODY: Final = re.compile(
    r"[ ]?,[ ](?:don[oa]|mae|pai|tutora?|espos[oa]|marido|filh[oa]|avo)[ ]d[aeo]s?[ ][^?\n,(.]+[,(.][^?\n]+\Z"
)
_LINE_START: Final = re.compile(
    r"\n[ ]*(?:(?:[0-9]{1,2}|[a-h])[ ]?[).:-]+[ ]*)?\Z|\A(?:[0-9]|[a-h])[ ]?[).-]+[ ]*\Z"
)
_LINE_END: Final = re.compile(r"[ ]*(?:\n|\Z)")


def find_standing(text: Reading) -> Iterator[Candidate]:
    """The one name that stands free; several are a list of whomever."""
    names = list(_standing(text))
    said = {_said(text, name) for name in names}
    if len(said) == 1:
        yield candidate(text, names[0], WEAK)


def _standing(text: Reading) -> Iterator[Name]:
    after = 0
    for at, word in enumerate(text.words.items):
        if at < after or word.plain not in first_names():
            continue
        name = _free(text, at)
        if name is None:
            continue
        listed = after > 0 and _LISTED.fullmatch(
            text.folded.plain, text.words.items[after - 1].end, word.start
        )
        after = name.after
        if listed or _continued(text, name) or not _stands(text, name):
            continue
        if not somebody_elses(text, name):
            yield name


def _continued(text: Reading, name: Name) -> bool:
    """Whether a second whole name follows as in a list: "Ana Lima, Rui Lima"."""
    at = name.after
    while text.words.plain(at) in _JOINTS:
        at += 1
    if at == name.after or text.words.plain(at) not in first_names():
        return False
    other = _free(text, at)
    said = _said(text, other) if other else ""
    return other is not None and _whole(text, other) and said not in places()


def _free(text: Reading, at: int) -> Name | None:
    """The name that starts with a word and is not part of an address: "ana.lima@gmail.com"."""
    name = text.name_at(text.words.items[at].start)
    if name is None or name.first != at:
        return None
    plain = text.folded.plain
    if _GLUED.match(plain, text.end(name)) and name.after > at + 1:
        name = Name(at, name.after - 1, name.known)
    start, end = text.words.items[at].start, text.end(name)
    glued = _ADDRESS.search(plain[max(0, start - 2) : start]) or _GLUED.match(plain, end)
    return None if glued else name


def _said(text: Reading, name: Name) -> str:
    return text.folded.plain[text.words.items[name.first].start : text.end(name)]


def _stands(text: Reading, name: Name) -> bool:
    """Whether a name has bounds of its own on both sides."""
    start, end = text.words.items[name.first].start, text.end(name)
    before = text.folded.plain[max(0, start - _REACH) : start]
    if _TITLED.search(before):
        own = _PRACTISES.match(text.folded.plain, end) or _I_AM_TITLED.search(before)
        return _whole(text, name) and own is not None
    if not _whole(text, name):
        return evident(text, name) and _stands_alone(text, name, before)
    if _IT_IS.search(before):
        return _ENDS.match(text.folded.plain, end) is not None
    plain = text.folded.plain
    if _IN_MY.match(plain, end):
        return True
    if _LOOKED_UP.search(before) and _OWN.search(plain, max(0, start - _REACH), end + _REACH):
        return True
    if _SAYS_HI.search(before):
        return _NUMBERED.match(plain, end) is not None
    if _MAY_BE_MINE.search(before) and _WANTS_MINE.match(plain, end):
        return True
    if not _OPENS.search(before) or _ABBREVIATED.search(before):
        return False
    asks = start == 0 and _ASKS.match(text.folded.plain, end)
    return bool(_CLOSES.match(text.folded.plain, end) or asks)


def _whole(text: Reading, name: Name) -> bool:
    """Whether a given name is followed by another name, written so that it cannot be other words."""
    first, last = text.words.plain(name.first), text.words.plain(name.after - 1)
    if name.after == name.first + 1:
        return False
    written = capitalised(text, name.first) and capitalised(text, name.after - 1)
    if written and not shouted(text):
        given = last in first_names() and last not in NO_NAME
        return last in surnames() or given or seems_a_family(text, name)
    if last in NO_NAME:
        return False
    if last in surnames():
        return first not in AMBIGUOUS
    return last in first_names() - AMBIGUOUS and first not in _SAINTS


def _in_a_town(text: Reading, name: Name) -> bool:
    """Whether a town alone stands behind a sign: "Ana - Jaú/SP"."""
    at = name.after + 1
    if text.words.plain(name.after) not in {",", "-", "/", "|"}:
        return False
    for length in (4, 3, 2, 1):
        town = " ".join(text.words.plain(at + step) for step in range(length))
        if town in places() and places()[town].well_known:
            return text.words.plain(at + length) in {"", "\n", "/", "-", ",", "."}
    return False


def _stands_alone(text: Reading, name: Name, before: str) -> bool:
    """Whether a given name has its bearer's number, its own line or its own opening."""
    plain, end = text.folded.plain, text.end(name)
    if name.after > name.first + 1:
        return False
    if _OPENS.search(before) and (_NUMBERED.match(plain, end) or _FAMILY.match(plain, end)):
        return True
    if not capitalised(text, name.first) or shouted(text):
        return False
    opens = not before and (_OF_SOMEBODY.match(plain, end) or _in_a_town(text, name))
    if opens or (before.endswith(", ") and from_a_town(text, name, last=True)):
        return True
    if (not before or _GREETED.search(before)) and _OF_SOMETHING.match(plain, end):
        return True
    if _HAILING.search(before) and _OF_A_HOUSE.match(plain, end):
        return True
    if not before and "\n" not in plain and _DICTATES.match(plain, end):
        return True
    if _BEHIND_A_NUMBER.search(before) and _CLOSES.match(plain, end) and not of_a_person(before):
        return True
    if not before and _FILED.match(plain, end):
        return True
    if _HERE.search(before) and _ENDS.fullmatch(plain, end):
        return True
    if _NOTED.search(before) and _ENDS.fullmatch(plain, end):
        return True
    if (_AFTER_ALL.search(before) or _AFTER_A_ROLE.search(before)) and _ENDS.fullmatch(plain, end):
        return True
    start = text.words.items[name.first].start
    lines = plain.count(
        "\n", max(0, start - _REACH), end + _REACH
    ) >= _FEWEST_LINES or before.startswith(("1", "a)"))
    return lines and bool(_LINE_START.search(before) and _LINE_END.match(plain, end))
