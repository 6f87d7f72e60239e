"""What is worded like a day and is none: terms, streets and schools named after one, counts, habits."""

from __future__ import annotations

from typing import Final

from runtime.extraction.words import Words, word_set

# How many words back a term's verb, or what bears a day's name, is looked for.
_REACH: Final = 4

# "Pagamento em 30 dias" is an agreed span, not the day on which it ends.
_TERMS: Final = word_set(
    "retorno pagamento pagamentos pgto pagto prazo prazos garantia devolucao troca reembolso boleto boletos cheque "
    "parcelado parcelada parcelamento faturado faturada faturamento fatura faturam faturar faturamos carencia arrependimento cicatrizacao "
    "recuperacao efeito resultado resultados vista completo completa intensivo intensiva"
)
_PAST_ENDINGS: Final = ("ou", "eu", "iu", "aram", "eram", "iram")
_PRESENT: Final = word_set("sou vou estou dou meu seu teu pneu museu eu europeu parou")
_DONE: Final = word_set(
    "perdi recebi fiz resolvi emagreci aprendi consegui foi veio fizeram emagreca emagrecer perca perder aprenda aprender"
)
_ENDS: Final = frozenset({"", "\n", ",", ".", "!", "?", ";", ":", "e", "mas", "que", "so"})

# What is called after a day, whatever day it is.
_BEARERS: Final = word_set(
    "escola colegio creche emei emef emeb ee ginasio faculdade instituto bloco hospital upa ubs posto bairro vila jardim jd "
    "conjunto edificio predio residencial loteamento estadio clube time estacao terminal ponte viaduto parque teatro "
    "cine cinema batalhao assentamento comunidade associacao sociedade cooperativa ctg biblioteca largo esquina"
)
_BESIDE_A_BEARER: Final = word_set(
    "estadual municipal federal publica publico particular tecnica infantil fundamental regional de da do ensino habitacional"
)

_HABITS: Final = frozenset({"cada", "todo"})
_HOURS: Final = word_set("h hs hrs horas hora min manha tarde noite madrugada")
_NO_NOUNS: Final = word_set("mas depois antes apenas vocs voces vcs dias nos eles elas as")
_LEAST_NOUN: Final = 4


def is_a_term(words: Words, at: int) -> bool:
    """Whether the days counted from a word are a span, agreed or over: "pagamento em 30 dias"."""
    if words.plain(at) != "em":
        return False
    if words.plain(at - 1) in _TERMS:
        return True
    for step in range(at - 1, at - 1 - _REACH, -1):
        word = words.plain(step)
        if word in _ENDS:
            return False
        if word in _DONE or (word.endswith(_PAST_ENDINGS) and word not in _PRESENT):
            return True
    return False


def bears_a_day(words: Words, at: int) -> bool:
    """Whether a day is what a school, a house or a station is called: "escola estadual 9 de Julho"."""
    step = at - 1
    while step > at - 1 - _REACH and words.plain(step) in _BESIDE_A_BEARER:
        step -= 1
    return words.plain(step) in _BEARERS


def recurs(words: Words, after: int) -> bool:
    """Whether a day by its number comes back every month: "dia 10 de cada mês"."""
    return words.plain(after) in {"de", "do"} and words.plain(after + 1) in _HABITS


def counts_something(words: Words, at: int) -> bool:
    """Whether a number behind a day counts what follows, or hours: "dia 12, 2 adultos"."""
    number, earlier = words.plain(at), words.plain(at - 2)
    if number.isdigit() and earlier.isdigit() and int(number) <= int(earlier):
        return True
    word = words.plain(at + 1)
    if word in {"da", "de"} and words.plain(at + 2) in _HOURS:
        return True
    plural = word.endswith("s") and not word.endswith("mos") and len(word) >= _LEAST_NOUN
    return word in _HOURS or (plural and word.isalpha() and word not in _NO_NOUNS)
