"""One amount at one place: figures or words, its scale ("mil", "k") and its currency."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from runtime.extraction.numerals import HALVES, read_numeral
from runtime.extraction.words import Words, word_set

_CHAIN: Final = re.compile(r"[0-9][0-9.,]*")
_SPACED_THOUSANDS: Final = re.compile(r"[0-9]{1,3}(?:[ ][0-9]{3}){1,3},[0-9]{2}(?![0-9])")
_BRAZILIAN: Final = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]{1,2})?")
_AMERICAN: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?")
_PLAIN: Final = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,3})?")

# Longer than any amount: what follows never computes with numbers beyond measure.
_LONGEST: Final = 24
_SCALES: Final = {
    "mil": 1_000, "k": 1_000, "mi": 1_000_000, "milhao": 1_000_000, "milhoes": 1_000_000,
    "milhoe": 1_000_000, "bi": 10**9, "bilhao": 10**9, "bilhoes": 10**9,
}  # fmt: skip
_CURRENCIES: Final = word_set(
    "reais real reas reias reis reai realis brl conto contos pila pilas mango mangos pratas"
)
_CENTS: Final = frozenset({"centavos", "centavo", "cents"})
_FOREIGN: Final = frozenset({"us", "u", "usd", "ca", "au"})


@dataclass(frozen=True, slots=True)
class Amount:
    """`value` in reais, of the words from `first` up to, not including, `after`.

    `mantissa` is the number without its scale; `scale` is 1 where none was said.
    """

    value: Decimal
    mantissa: Decimal
    scale: int
    currency: bool
    in_words: bool
    first: int
    after: int


def read_amount(plain: str, words: Words, at: int) -> Amount | None:
    """The amount that starts at a word; `None` where no number starts there."""
    number_at = _after_sign(words, at)
    amount = _number(plain, words, number_at)
    if amount is None:
        return None
    if number_at > at:
        amount = replace(amount, first=at, currency=True)
    amount = _with_rest(plain, words, amount)
    return _with_currency(plain, words, amount)


def is_foreign(words: Words, at: int) -> bool:
    """Whether a currency sign at a word is that of another currency ("US$")."""
    return words.plain(at) == "$" and words.plain(at - 1) in _FOREIGN


def chain_end(plain: str, words: Words, at: int) -> int:
    """The word after a run of figures with its points and commas."""
    hit = _CHAIN.match(plain, words.items[at].start)
    end = hit.end() if hit else words.items[at].end
    return _word_at(words, at + 1, end)


def _after_sign(words: Words, at: int) -> int:
    """The word after "R$" where that stands at a word, else the word itself."""
    after = at
    if words.plain(at) in {"r", "rs"} and words.plain(at + 1) == "$" and words.touching(at + 1):
        after = at + 2
    elif words.plain(at) == "$" and not is_foreign(words, at):
        after = at + 1
    if after > at and words.plain(after) in {":", "."}:
        after += 1
    return after


def _number(plain: str, words: Words, at: int) -> Amount | None:
    word = words.plain(at)
    if word[:1].isdigit():
        return _figures(plain, words, at)
    if word in HALVES and words.plain(at + 1) in {"milhao", "mi", "bilhao"}:
        scale = _SCALES[words.plain(at + 1)]
        half = Decimal("0.5")
        return Amount(half * scale, half, scale, False, True, at, at + 2)
    numeral = read_numeral(words, at)
    if numeral is None:
        return None
    scale = 1
    if numeral.scaled:
        scale = max(s for s in (1_000, 1_000_000, 10**9) if s == 1_000 or numeral.value >= s)
    return Amount(
        numeral.value, numeral.value / scale, scale, False, True, numeral.first, numeral.after
    )


def _figures(plain: str, words: Words, at: int) -> Amount | None:
    start = words.items[at].start
    spaced = _SPACED_THOUSANDS.match(plain, start)
    chain = spaced or _CHAIN.match(plain, start)
    written = chain[0].rstrip(".,") if chain else ""
    number = _decimal(written)
    if number is None:
        return None
    after = _word_at(words, at + 1, start + len(written))
    scale = _SCALES.get(words.plain(after), 1)
    if scale > 1:
        after += 1
        if "." in written and re.fullmatch(r"[0-9]\.[0-9]{3}", written) and scale > 1_000:
            number = Decimal(written)
    return Amount(number * scale, number, scale, False, False, at, after)


def _decimal(written: str) -> Decimal | None:
    written = written.replace(" ", "")
    if len(written) > _LONGEST:
        return None
    if _BRAZILIAN.fullmatch(written):
        return Decimal(written.replace(".", "").replace(",", "."))
    if _AMERICAN.fullmatch(written):
        return Decimal(written.replace(",", ""))
    if _PLAIN.fullmatch(written):
        return Decimal(written.replace(",", "."))
    return None


def _word_at(words: Words, at: int, position: int) -> int:
    while at < len(words.items) and words.items[at].start < position:
        at += 1
    return at


def _with_rest(plain: str, words: Words, amount: Amount) -> Amount:
    """What completes a scale: "2 mil e 500", "1 milhão e 200 mil", "3 milhões e meio"."""
    joined = words.plain(amount.after) == "e"
    at = amount.after + 1 if joined else amount.after
    if amount.scale == 1 or (not joined and not words.plain(at)[:1].isdigit()):
        return amount
    if joined and words.plain(at) in HALVES and not amount.in_words:
        return replace(amount, value=amount.value + Decimal(amount.scale) / 2, after=at + 1)
    rest = _number(plain, words, at)
    if rest is None or not _completes(words, amount, rest, joined):
        return amount
    return replace(amount, value=amount.value + rest.value, after=rest.after)


def _completes(words: Words, amount: Amount, rest: Amount, joined: bool) -> bool:
    if rest.value >= amount.scale or rest.value != int(rest.value):
        return False
    spoken = words.plain(rest.after) in _CURRENCIES
    if not joined:
        return spoken and rest.value >= 100
    return spoken or rest.value * 10 >= amount.scale


def _with_currency(plain: str, words: Words, amount: Amount) -> Amount:
    at = amount.after
    if words.plain(at) in _CENTS and amount.scale == 1:
        return replace(amount, value=amount.value / 100, currency=True, after=at + 1)
    if words.plain(at) == "de" and words.plain(at + 1) in _CURRENCIES and amount.value >= 1_000_000:
        at += 1
    if amount.currency and amount.scale == 1 and words.plain(at) not in _CURRENCIES:
        return _with_cents(plain, words, amount, said=True)
    if words.plain(at) in _CURRENCIES:
        return _with_cents(plain, words, replace(amount, currency=True, after=at + 1))
    if words.plain(at) == "rs" and words.touching(at) and words.plain(at + 1) != "$":
        return replace(amount, currency=True, after=at + 1)
    sign_behind = words.follows(at, "r", "$") and not words.plain(at + 2)[:1].isdigit()
    if sign_behind:
        return replace(amount, currency=True, after=at + 2)
    return amount


def _with_cents(plain: str, words: Words, amount: Amount, *, said: bool = False) -> Amount:
    """Cents after reais: "5 reais e 50", "dois reais e cinquenta centavos"."""
    if words.plain(amount.after) != "e":
        return amount
    cents = _number(plain, words, amount.after + 1)
    if cents is None or cents.value >= 100 or cents.scale > 1:
        return amount
    named = words.plain(cents.after) in _CENTS
    if said and not named:
        return amount
    if not named and (cents.value < 10 or words.plain(cents.after)[:1].isalpha()):
        return amount
    return replace(amount, value=amount.value + cents.value / 100, after=cents.after + named)
