"""Amounts in reais; numbers that count something else ("25 mil seguidores") are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from runtime.extraction.amounts import Amount, chain_end, is_foreign, read_amount
from runtime.extraction.candidates import Candidate
from runtime.extraction.confidence import FORMED, LIKELY
from runtime.extraction.folding import Folded
from runtime.extraction.words import Words, split_words, word_set

_CENT: Final = Decimal("0.01")
# In words these are amounts; their neighbours are years.
_ROUND: Final = frozenset({1900, 2000})
_LARGEST: Final = Decimal(10) ** 12
_CONNECTORS: Final = frozenset({"a", "ate", "-", "ou", "e", "/"})
_COUNTED: Final = word_set(
    "km quilometro metro m gente pessoa hab kg litro mah unidade vez ponto seguidor dolar usd euro "
    "eur peso libra x rpm btu btus w watts mb gb hz ml anos ano hp cv cc lumens"
)
_PLURALS: Final = word_set(
    "mais mas reais guardados guardadas mensais anuais semanais reservados disponiveis depois antes "
    "apos livres limpos brutos liquidos juntos parcelados apenas pois vcs voces nos tres dois duas "
    "seis eles elas nas dos das aos menos economizados emprestados investidos pagos financiados "
    "restantes simples entao ontem atras contos certos fixos redondos adiantados gastos "
    "aplicados sobrando todos iniciais"
)
_NOT_SPENT: Final = word_set(
    "rodou rodei rodados rodado km ano anos corrida corri corro correr maratona prova treino tv tvs "
    "monitor tela video videos resolucao camera smart televisao cep"
)
_SPENT: Final = word_set(
    "por custa custou custava vale valem paguei pago pagar pagou pagando gastar gastei gasto gastando "
    "ate uns umas valor quase investir tenho tinha ganho cobrou cobra cobraram cobram faz fica ficou "
    "orcamento limite renda salario entrada sinal sobre tem uns menos mais valendo devo ou"
)


def find_money(folded: Folded) -> Iterator[Candidate]:
    """Every amount with a currency or a scale; in a range both ends."""
    words = split_words(folded.plain)
    at = 0
    while at < len(words.items):
        amount = None if is_foreign(words, at) else read_amount(folded.plain, words, at)
        if amount is None or amount.after <= at:
            at = chain_end(folded.plain, words, at)
            continue
        second = _second_end(folded.plain, words, amount)
        yield from _accepted(folded.plain, words, _range(words, amount, second))
        at = second.first if second is not None else amount.after


def _second_end(plain: str, words: Words, first: Amount) -> Amount | None:
    """The other end of a range that starts with an amount."""
    connector = words.plain(first.after)
    if connector not in _CONNECTORS:
        return None
    if connector == "e" and words.plain(first.first - 1) != "entre":
        return None
    return read_amount(plain, words, first.after + 1)


def _range(words: Words, first: Amount, second: Amount | None) -> Amount:
    """The first end with what the second says for both: "2 a 3 mil"."""
    if second is None or not (second.currency or _scale_is_money(words, second)):
        return first
    if first.scale == 1 and second.scale > 1 and first.mantissa < second.mantissa:
        first = replace(first, value=first.mantissa * second.scale, scale=second.scale)
    return replace(first, currency=True)


def _accepted(plain: str, words: Words, amount: Amount) -> Iterator[Candidate]:
    value = amount.value.quantize(_CENT, ROUND_HALF_UP) if amount.value < _LARGEST else Decimal(0)
    money = amount.currency or _follows_money(plain, words, amount)
    sure = FORMED if amount.currency else LIKELY
    if not money and amount.scale > 1:
        money = _scale_is_money(words, amount)
    if (
        not money
        or amount.value < _CENT
        or _negative(plain, words, amount)
        or _other_unit(words, amount)
    ):
        return
    start, end = words.items[amount.first].start, words.items[amount.after - 1].end
    if start and (plain[start - 1].isalnum() or _inside_number(plain, start)):
        return
    yield Candidate("money", f"{value:.2f}", start, end, sure)


def _inside_number(plain: str, start: int) -> bool:
    return plain[start - 1] in ".,:/" and plain[start - 2 : start - 1].isdigit()


def _negative(plain: str, words: Words, amount: Amount) -> bool:
    start = words.items[amount.first].start
    return plain[start - 1 : start] == "-" and not plain[max(0, start - 2) : start - 1].isalnum()


def _other_unit(words: Words, amount: Amount) -> bool:
    return words.plain(amount.after) in {"%", "dolares", "dolar", "euros", "euro", "usd", "eur"}


def _follows_money(plain: str, words: Words, amount: Amount) -> bool:
    """The second end of "R$ 200 a 300"."""
    if words.plain(amount.first - 1) not in _CONNECTORS or amount.scale > 1:
        return False
    if words.plain(amount.after) in {"x", "%", "vezes", "parcelas", "dias", "meses", "anos", "h"}:
        return False
    for back in range(amount.first - 2, max(-1, amount.first - 10), -1):
        first = read_amount(plain, words, back)
        if first is not None and first.after == amount.first - 1 and first.currency:
            return _signed(words, first) and first.value < amount.value
    return False


def _signed(words: Words, amount: Amount) -> bool:
    return words.plain(amount.first) in {"r", "rs", "$"}


def _scale_is_money(words: Words, amount: Amount) -> bool:
    """Whether "25 mil", "2,5k" or "dois mil e quinhentos" stands for reais all by itself."""
    before = {words.plain(amount.first - 1), words.plain(amount.first - 2)}
    if amount.scale == 1 or before & _NOT_SPENT:
        return False
    if amount.in_words and not _spoken_is_money(words, amount):
        return False
    return not _counts(words, amount.after)


def _spoken_is_money(words: Words, amount: Amount) -> bool:
    before = words.plain(amount.first - 1)
    if 1900 <= amount.value < 2100 and amount.value not in _ROUND:
        return before in _SPENT
    return amount.after > amount.first + 1 or before in _SPENT


def _counts(words: Words, at: int) -> bool:
    """Whether what follows is what the number counts: "seguidores", "km", "de likes"."""
    word = words.plain(at)
    if word == "de":
        word = words.plain(at + 1)
    plural = word.isalpha() and word.endswith("s") and len(word) > 3 and word not in _PLURALS
    return plural or word in _COUNTED or word == "%"
