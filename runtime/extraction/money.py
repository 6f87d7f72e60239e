"""Amounts in reais; numbers that count something else ("25 mil seguidores") are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
_NO_END: Final = word_set("x % vezes parcelas dias meses anos h")
_COUNTED: Final = word_set(
    "km quilometro metro m gente pessoa hab kg litro mah unidade vez ponto seguidor dolar usd euro "
    "eur peso libra x rpm btu btus w watts mb gb hz ml anos ano hp cv cc lumens run hdr uhd"
)
_PLURALS: Final = word_set(
    "mais mas reais guardados guardadas mensais anuais semanais reservados disponiveis depois antes "
    "apos livres limpos brutos liquidos juntos parcelados apenas pois vcs voces nos tres dois duas "
    "seis eles elas nas dos das aos menos economizados emprestados investidos pagos financiados "
    "restantes simples entao ontem atras contos certos fixos redondos adiantados gastos "
    "aplicados sobrando todos iniciais"
)
# What denies the one coin after it: "nem um centavo", "não vale um real", "sem um real no bolso".
_DENIALS: Final = word_set("nem nao n sem nunca jamais nenhum ninguem sequer")
_FEMININE: Final = word_set(
    "uma duas duzentas trezentas quatrocentas quinhentas seiscentas setecentas oitocentas novecentas"
)
_FEWEST_TALES: Final = Decimal(5)
# What may follow a few coins; any other word is a noun that "real" describes, or a tale's kind.
_AFTER_COINS: Final = _PLURALS | word_set(
    "cada para pela pelo pelos por sobre ate como quando quanto quem onde esse essa este esta isso "
    "hoje agora ontem amanha sempre quase tambem ainda entao porque pois sera seria voce voces "
    "so a o e de no na com que pra pro ou se ja ta eu vc vcs foi era fica custa paga vale "
    "barato barata caro cara mensal diario diaria semanal avulso avulsa trocado trocados "
    "quilo unidade metro litro hora minuto pessoa emprestado emprestados extra extras "
    "inteiro inteiros obrigado obrigada valeu beleza ne kkk kkkk rsrs certo tenho tinha sobrou "
    "faltou falta faltando custou paguei pago pode podem acho quero compra comprei serve resolve "
    "desconto troco frete gorjeta dinheiro centavos quanto qualquer poxa gente amigo moco moca "
    "cobrado cobrados via pix cartao sim nao"
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
    at, first = 0, None
    while at < len(words.items):
        amount = None if is_foreign(words, at) else read_amount(folded.plain, words, at)
        if amount is None:
            at, first = chain_end(folded.plain, words, at), None
            continue
        second = _second_end(folded.plain, words, amount)
        yield from _accepted(folded.plain, words, _with_unit(words, amount, first, second))
        at, first = (amount.after, None) if second is None else (second.first, amount)


def _second_end(plain: str, words: Words, first: Amount) -> Amount | None:
    """The other end of a range that starts with an amount."""
    connector = words.plain(first.after)
    if connector not in _CONNECTORS:
        return None
    if connector == "e" and words.plain(first.first - 1) != "entre":
        return None
    return read_amount(plain, words, first.after + 1)


@dataclass(frozen=True, slots=True)
class _Said:
    """An amount with the words that hold its unit, from `first` up to, not including, `after`."""

    amount: Amount
    first: int
    after: int


def _with_unit(words: Words, amount: Amount, first: Amount | None, second: Amount | None) -> _Said:
    """An end of a range with the unit that the other end says for both."""
    own = amount.currency or amount.scale > 1
    if second is not None and (second.currency or _scale_is_money(words, second)):
        after = amount.after if own else second.after
        if amount.scale == 1 and not amount.value >= second.mantissa and second.scale > 1:
            value = amount.mantissa * second.scale
            amount, after = replace(amount, value=value, scale=second.scale), second.after
        return _Said(replace(amount, currency=True), amount.first, after)
    if first is not None and not own and _continues(words, first, amount):
        return _Said(replace(amount, currency=True), first.first, amount.after)
    return _Said(amount, amount.first, amount.after)


def _continues(words: Words, first: Amount, second: Amount) -> bool:
    """Whether a bare number is the upper end of "R$ 200 a 300"."""
    signed = words.plain(first.first) in {"r", "rs", "$"}
    return signed and first.value < second.value and words.plain(second.after) not in _NO_END


def _accepted(plain: str, words: Words, said: _Said) -> Iterator[Candidate]:
    amount = said.amount
    value = amount.value.quantize(_CENT, ROUND_HALF_UP) if amount.value < _LARGEST else Decimal(0)
    if not amount.currency and not _scale_is_money(words, amount):
        return
    if min(value, amount.value) < _CENT or _negative(plain, words, amount):
        return
    if not amount.currency and _idiom(words, amount):
        return
    if amount.currency and amount.in_words and _figure_of_speech(words, amount):
        return
    if _other_unit(words, amount) or _glued(plain, words.items[amount.first].start):
        return
    start, end = words.items[amount.first].start, words.items[amount.after - 1].end
    quoted = words.items[said.first].start, words.items[said.after - 1].end
    sure = FORMED if amount.currency else LIKELY
    yield Candidate("money", f"{value:.2f}", start, end, sure, quoted)


def _idiom(words: Words, amount: Amount) -> bool:
    """Whether a scale without currency counts nothing: "duas mil", "mil e uma", "um em um milhão"."""
    spoken = [words.plain(at) for at in range(amount.first, amount.after)]
    if amount.in_words and any(word in _FEMININE for word in spoken):
        return True
    before = words.plain(amount.first - 1)
    odds = before == "em" and words.plain(amount.first - 2) in {"um", "uma", "1", "chance"}
    return odds or (before == "a" and spoken == ["mil"])


def _figure_of_speech(words: Words, amount: Amount) -> bool:
    """Whether few coins are none: "nem um centavo", "um real desafio", "dois contos infantis"."""
    last, following = words.plain(amount.after - 1), words.plain(amount.after)
    if amount.value in {Decimal(1), _CENT}:
        before = {words.plain(amount.first - step) for step in range(1, 5)}
        if before & _DENIALS or following in {"sequer", "furado"}:
            return True
    if last in {"conto", "contos"} and amount.value < _FEWEST_TALES:
        tale = following == "de" and words.plain(amount.after + 1) != "desconto"
        return tale or following not in _AFTER_COINS
    few = amount.value < _FEWEST_TALES and last in {"real", "reais"}
    return few and len(following) > 3 and following.isalpha() and following not in _AFTER_COINS


def _glued(plain: str, start: int) -> bool:
    """Whether a number is the tail of a word or of a time."""
    before = plain[max(0, start - 2) : start]
    return before[-1:].isalnum() or (before[-1:] == ":" and before[:1].isdigit())


def _negative(plain: str, words: Words, amount: Amount) -> bool:
    start = words.items[amount.first].start
    return plain[start - 1 : start] == "-" and not plain[max(0, start - 2) : start - 1].isalnum()


def _other_unit(words: Words, amount: Amount) -> bool:
    return words.plain(amount.after) in {"%", "dolares", "dolar", "euros", "euro", "usd", "eur"}


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
