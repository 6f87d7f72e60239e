"""Brazilian telephone numbers with their area code (DDD), in figures, in any notation.

Source: Anatel, Plano Geral de Códigos Nacionais (areas) and Resolução 553/2010 (ninth digit).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import EXPLICIT, FORMED, LIKELY
from runtime.extraction.folding import Folded
from runtime.extraction.words import word_set

AREAS: Final = word_set(
    "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 "
    "53 54 55 61 62 63 64 65 66 67 68 69 71 73 74 75 77 79 81 82 83 84 85 86 87 88 89 91 92 93 94 "
    "95 96 97 98 99"
)

_ALONE_BEFORE: Final = r"(?<![0-9a-z,])(?<![0-9][.-])(?<![$][ ])(?<![$])"
_ALONE_AFTER: Final = r"(?![0-9a-z%$])(?![.,-][0-9])(?!/[0-9]{4}-)(?![ ](?:reais|mil|%))"
_GAP: Final = r"[ ]?[.\-]?[ ]?"
_COUNTRY: Final = r"(?:(?:\(?\+[ ]?|00)?55\)?[ .\-]{0,2})"
_CARRIER: Final = r"(?:\(?0?[ ]?(?:xx|\*\*)[ .\-]?|\(?0[ ]?(?:1[2-8]|2[0-9]|3[126]|4[1-9])[ .\-]?)"
# How a subscriber's number is grouped; every digit may stand alone, as dictated.
_LOCAL: Final = (
    rf"(?:9{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
    rf"|9[0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}"
    rf"|9[0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}"
    rf"|9[0-9]{{3}}{_GAP}[0-9]{{5}}"
    rf"|9{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}"
    rf"|9[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}"
    rf"|9[0-9]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{3}}"
    rf"|9[0-9]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]"
    rf"|9(?:{_GAP}[0-9]){{8}}"
    rf"|[2-9][0-9]{{3}}{_GAP}[0-9]{{4}}"
    rf"|[2-9][0-9]{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}})"
)
_FILLER: Final = r"(?:[ ]?[,:;)\-][ ]?|[ ])(?:(?:e|eh|o|meu|numero|num|tel|telefone|cel|celular|fone|zap|whats)[ :]{1,2}){0,4}"
_PHONE: Final = re.compile(
    rf"{_ALONE_BEFORE}{_COUNTRY}?{_CARRIER}?"
    r"(?:(?P<round>[(\[][ ]?0?(?P<a1>[1-9][0-9])[ ]?[)\]][ ]?[.\-]?[ ]?)"
    r"|0?(?P<a2>[1-9][0-9])(?:[ ]?[.\-/)|][ ]?|[ ]{1,2})"
    r"|(?P<a4>[1-9][ ][0-9])[ ](?=(?:[0-9][ ]){7,8}[0-9](?![0-9]))"
    r"|0?(?P<a3>[1-9][0-9])(?=[0-9]{8,9}(?![0-9])|9?[0-9]{4}[ ]?[ .\-][ ]?[0-9]{4}(?![0-9])))"
    rf"(?P<local>{_LOCAL}){_ALONE_AFTER}"
)
_AREA_FIRST: Final = re.compile(
    rf"(?:(?<=ddd[ ])|(?<=ddd[ ]e[ ])|(?<=ddd:[ ])|(?<=ddd[ ]eh[ ])|(?<=area[ ]))"
    rf"\(?(?P<area>[1-9][0-9])\)?{_FILLER}(?P<local>{_LOCAL}){_ALONE_AFTER}"
)
_AREA_LAST: Final = re.compile(
    rf"{_ALONE_BEFORE}(?P<local>{_LOCAL})[ ]?[,;(\-]{{0,2}}[ ]?(?:o[ ]|com[ ]|e[ ]o[ ])?"
    r"(?:\(|ddd[ ]?(?:e|eh|:)?[ ]?)(?P<area>[1-9][0-9])(?![0-9])\)?"
)
_DIGITS: Final = re.compile(r"[0-9]")
_GROUPED_AS_CPF: Final = re.compile(r"[0-9]{3}[ .\-][0-9]{3}[ .\-][0-9]{3}[ .\-/][0-9]{2}")
# Nothing but a telephone number is written so.
_DASHED: Final = re.compile(r"(?:9[ .]?)?[0-9]{4}-[0-9]{4}")
_ABROAD: Final = re.compile(r"\+(?!55)[0-9]{1,3}[ .(-]{0,2}(?:9[ ])?\Z")
_CARD: Final = re.compile(r"[ ][0-9]{4}(?![0-9])")
_SOMETHING_ELSE: Final = re.compile(
    r"\b(?:pedido|protocolo|nota|nf|nfe|boleto|codigo|cod|rastreio|rastreamento|cep|conta|agencia|"
    r"matricula|rg|processo|chamado|ticket|contrato|cartao|pis|nis|cnh|renavam|titulo|cpf|cnpj|"
    r"ordem|os|fatura|serie|imei|inscricao|ie|registro|chassi|placa|apolice|sku|ref|referencia|"
    r"comprovante|transacao|id|lote|beneficio|carteirinha|carteira|guia|senha|autorizacao|sinistro|voucher|cupom|"
    r"localizador|instalacao|uc|consumidora|hidrometro|medidor|patrimonio|sus|cns|nit|iptu|ocorrencia|bo|boletim|"
    r"requerimento|proposta|venda|dossie|remessa|encaminhamento|certidao|cracha|operacao|autenticacao|"
    r"bilhete|nosso[ ]numero|ean|barras|alvara|lacre)"
    r"(?:[ ](?:numero|num|n|no|nr|da|de|do|fiscal|compra|eh|e|meu|minha|com|fim|final|interno|corrente|poupanca|bancaria|salario|entrega|servico|barras|cliente|acesso|cadastro|seguranca|"
    r"reserva|atendimento|rastreamento|rastreio|municipal|estadual|imovel|ocorrencia|autorizacao|encaminhamento|unico|"
    r"fidelidade|convenio|venda|serie)){0,3}"
    r"[ .:#º°\-]{0,3}(?:[ ]?n[.o]?[ ]?)?\Z"
)


def find_phones(folded: Folded) -> Iterator[Candidate]:
    """Every number with its area code; the ninth digit is added to mobile numbers without it."""
    for hit in _PHONE.finditer(folded.plain):
        if not _something_else(folded.plain, hit):
            area = hit["a1"] or hit["a2"] or hit["a3"] or hit["a4"].replace(" ", "")
            bare = hit[0].isdigit()
            yield from _candidate(hit, area, LIKELY if bare else FORMED)
    for pattern in (_AREA_FIRST, _AREA_LAST):
        for hit in pattern.finditer(folded.plain):
            yield from _candidate(hit, hit["area"], EXPLICIT)


def canonical(area: str, local: str) -> str | None:
    """`+55…` of an area code and a subscriber's digits; `None` where they are no number."""
    if area not in AREAS or (len(set(local)) == 1 and local[0] != "9"):
        return None
    if len(local) == 8 and local[0] in "6789":
        local = "9" + local
    mobile, fixed = len(local) == 9 and local[0] == "9", len(local) == 8 and local[0] in "2345"
    return f"+55{area}{local}" if mobile or fixed else None


def _candidate(hit: re.Match[str], area: str, confidence: float) -> Iterator[Candidate]:
    value = canonical(area, "".join(_DIGITS.findall(hit["local"])))
    if value is not None:
        yield Candidate("phone", value, hit.start(), hit.end(), confidence)


def _something_else(plain: str, hit: re.Match[str]) -> bool:
    """An order number, a card, a document whose digits do not hold: formed like a phone, no phone."""
    if _ABROAD.search(plain, max(0, hit.start() - 10), hit.start()):
        return True
    if _GROUPED_AS_CPF.fullmatch(hit[0]) or (hit["a2"] and _CARD.match(plain, hit.end())):
        return True
    if hit["a1"] or "+" in hit[0] or (hit["a2"] and _DASHED.fullmatch(hit["local"])):
        return False
    return _SOMETHING_ELSE.search(plain, max(0, hit.start() - 40), hit.start()) is not None
