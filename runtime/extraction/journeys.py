"""Where a journey or a removal that is asked for starts and ends."""

from __future__ import annotations

import re
from typing import Final

from runtime.extraction.place_owners import RELATIVE

_RIDE: Final = (
    r"(?:excursao|excursoes|onibus|busao|vans?|micro ?-? ?onibus|microonibus|voos?|carona|viagem|viagens|caravana|romaria|pacotes?|cruzeiros?"
    r"|passage(?:m|ns)|passeios?|transfer|traslado|translado|taxi|uber|corrida|trem|barco|lancha|balsa|navio|tour|roteiros?|fretamento|ida)"
)
_REMOVAL: Final = r"(?:carretos?|mudancas?|transporte|guincho|reboque|motoboy|(?:faz|fazem|fazer|faria|fariam|de|um) fretes?|fretes? :|levar|levando|transportar|despachar|enviar|coleta)"
# A parcel's way is no way of the writer's.
_PARCEL: Final = r"(?:pedido|encomenda|caminhao|transportadora|mercadoria|rastreio|el[ea]s?|dele|dela|meu marido|minha esposa)"
_AROUND: Final = r"(?:(?:a |da )?(?:cidade|regiao|centro) (?:de )?)?"
_BETWEEN: Final = rf"(?: (?!{_PARCEL}\b)[\w,:-]+)"
_LEAVES: Final = (
    r"(?:saindo|partindo|sai|saem|parte|partem|com saida|saida|com embarque|embarque|embarcando|decolando)"
    r"(?: (?:as )?\w+)? (?:de|em|por)"
)
_STARTS: Final = re.compile(
    rf"\b(?:{_RIDE}|{_REMOVAL}|orcamento|cotacao){_BETWEEN}{{0,12}} {_LEAVES} {_AROUND}\Z"
)
_OPENS: Final = re.compile(
    rf"(?:\A|, |\b(?:tem|ha|teria) )(?:saindo|partindo|saida|indo|embarque|embarcando) (?:\w+ )?(?:de|em) {_AROUND}\Z"
)
# "de Leme pra Aparecida, quanto é?"
_FROM: Final = re.compile(r"(?:(?:oi|ola|e|dia|tarde|noite) ,? ?)?de ")
_FROM_TO: Final = re.compile(
    r"\A(?:(?:oi|ola|e|dia|tarde|noite) ,? ?)?de (?:\w+ ){1,4}(?:pra|para|ate|a) \Z"
)
_ASKED: Final = re.compile(
    r"\b(?:quanto|qual|quais|tem|fica|valor|preco|custa|sai|orcamento|vcs|voces|consigo|quero|queria|preciso)\b"
)
_ROUTE_FROM: Final = re.compile(rf"\b(?:{_RIDE}|{_REMOVAL}){_BETWEEN}{{0,4}} de {_AROUND}\Z")
# "o frete de Franca pra cá" starts at the other side's.
_ROUTE_ON: Final = re.compile(
    r"(?:[/,(-] ?)?(?:[a-z]{2} (?:\) )?)??(?:pra|para|pro|p|ate|a|ao|x) (?!ca\b|mim\b|aqui\b|minha\b|meu\b|nos\b|gente\b|a gente\b)"
)
_ROUTE_TO: Final = re.compile(
    rf"\b(?:{_RIDE}|{_REMOVAL}){_BETWEEN}{{0,4}} de (?:[\w/-]+ ){{1,6}}(?:pra|para|p|ate|a) {_AROUND}\Z"
)
_WISHED_TO: Final = re.compile(
    rf"\b(?:tem|quero|queria|quanto|preco|valor|procuro|preciso|consigo|vende|vendem)(?: \w+){{0,4}} {_RIDE}(?: \w+){{0,2}} (?:pra|para|ate|a) {_AROUND}\Z"
)
# "to de mudança de Osasco pra Barueri" tells what was left.
_MOVING: Final = re.compile(r"\b(?:estou|estamos|to|tou|tamo|tamos) de mudanca de \Z")
# "meu primo quer passagem de"
_OTHERS: Final = re.compile(
    rf"\b(?:meus?|minhas?) {RELATIVE} (?:quer|precisa|procura|vai|comprou|tem) "
)
_OVER: Final = re.compile(
    r"\b(?:atrasou|atrasado|atrasada|cancelado|cancelada|cancelou|cancelaram|atrasa|atrasam|quebrou|bateu|caiu|ontem|passad[oa]|fiz|fizemos|foi|perdi)\b"
)


def starts_there(clause: str, ahead: str) -> bool:
    """Whether a place is the start or the end of a journey or removal that is wanted.

    `clause` holds the words up to the place, `ahead` those behind it.
    """
    if _OVER.search(clause) or _OVER.search(ahead) or _OTHERS.search(clause):
        return False
    if any(found.search(clause) for found in (_STARTS, _ROUTE_TO, _WISHED_TO)):
        return True
    if _FROM.fullmatch(clause):
        return _ROUTE_ON.match(ahead) is not None and _ASKED.search(ahead) is not None
    if _FROM_TO.search(clause) or _OPENS.search(clause):
        return _ASKED.search(clause + ahead) is not None
    if _MOVING.search(clause) and not _ASKED.search(ahead):
        return False
    return _ROUTE_FROM.search(clause) is not None and _ROUTE_ON.match(ahead) is not None
