"""The labelled sentences are well formed; whether the rules find them is another test's question.

`development.jsonl` may be read while rules are written; `held_out.jsonl` is for measuring alone,
and so are `unseen.jsonl` and `fresh.jsonl`, whose writers have not seen the rules. `fresh.jsonl` is
about names: of the other kinds it need not hold many. `sealed.jsonl` is of great variety and has been
read since it was measured, and so has `second_sealed.jsonl`; a shouted name stands in it as it would be
written otherwise.
One object a line: `text`, `today` (the ISO day the text is read on) and `facts`, each with `kind`,
`value` and `quote` as `runtime.extraction.found` defines them. Where that table is silent, the
labels follow these rulings:

* A name keeps its particles (da, de, do, das, dos, e) as written and gets no accents it lacked;
  a form of address (seu, dona, dr.) is no part of it. A nickname somebody goes by is a name.
* E-mails, phones, CPFs and CNPJs count whoever they belong to; only `name` and `city` must be the
  writer's. "underline" spoken in an address is `_`.
* An area code nobody uses, 0800 and 4004 numbers and foreign numbers are no phone; a carrier code
  (`0xx11`, `0 15 11`) belongs to the quote and not to the value.
* "12 mil", "5k" and "meio milhão" are money unless a noun makes them something else (km,
  followers, points, people, dollars); zero is none. In "2 a 3 mil" the quote of the first end is
  the whole stretch, as the unit stands at its end.
* A day without a year or month is the next one that exists; weekday ordinals ("segunda opção"),
  street names ("rua Sete de Abril"), ratios, sizes and durations ("prazo de 15 dias") are no date,
  nor are idioms with "hoje" or the names of holidays.
* Where a journey or a removal that is asked for starts and ends are both places where something is wanted.
* BH, Floripa, POA, Sampa and "o Rio" are cities; a state, a street, a team, a shop, somebody
  else's town and a denied one are none.

Nothing here is shared with the rules: check digits and dates are computed anew.
"""

from __future__ import annotations

import calendar
import json
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest

from runtime.extraction.found import Kind

HERE = Path(__file__).parent
FILES = ("development", "held_out", "unseen")
ALL_FILES = (*FILES, "fresh", "sealed", "second_sealed")
# Their writers had not seen the other files, so that a wording or a name may stand in two of them.
APART = (*ALL_FILES, "third_sealed", "fourth_sealed", "fifth_sealed", "sixth_sealed")
# A surname with a hyphen stands in the fourth, a mobile behind +55 that might be a CPF in the fifth.
OF_ONE_FORM = tuple(name for name in APART if name != "fourth_sealed")
NO_DOUBTFUL_PHONE = tuple(name for name in APART if name not in {"fifth_sealed", "sixth_sealed"})
# A phone and a date of the sixth, which stays unread, are written in ways that these rules do not know.
OF_KNOWN_DATES = tuple(name for name in APART if name != "sixth_sealed")
# At most one name in so many stands in another file too.
RECURRING = 30
AREA_CODE = "1[1-9]|2[12478]|3[1-578]|4[1-9]|5[1345]|6[1-9]|7[134579]|8[1-9]|9[1-9]"
WEEKDAYS = ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo")
MONTHS = "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro"
NUMBERS = {"uma": 1, "primeiro": 1, "1º": 1, "dois": 2, "duas": 2, "tres": 3, "cinco": 5}
NUMBERS |= {"dez": 10, "quinze": 15, "vinte": 20, "trinta": 30}
FORMS = {
    "name": r"[^\W\d_]+( [^\W\d_]+)*",
    "email": r"[a-z0-9._+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+",
    "phone": r"\+55\d{2}(9\d{8}|[2-5]\d{7})",
    "cpf": r"\d{11}",
    "cnpj": r"[0-9A-Z]{12}\d\d",
    "money": r"\d+\.\d\d",
    "date": r"\d{4}-\d\d-\d\d",
    "city": r"[A-ZÁÉÍÓÚÂÊÔ][^\W\d_]+([ -][^\W\d_]+)*",
}

Sentence = dict[str, Any]


def sentences(name: str) -> list[Sentence]:
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def facts(name: str, kind: str) -> list[tuple[Sentence, str, str]]:
    """Each fact of the kind with its sentence, value and quote."""
    return [
        (sentence, fact["value"], fact["quote"])
        for sentence in sentences(name)
        for fact in sentence["facts"]
        if fact["kind"] == kind
    ]


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def bare(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def check_digits_hold(code: str, widest_weight: int) -> bool:
    """Whether the last two are the modulo 11 digits of what precedes; weights run 2, 3, … and wrap.

    Source: Receita Federal, check digits of CPF (weights to 11) and alphanumeric CNPJ (weights
    to 9, a character counting as its ASCII code less 48).
    """
    for end in (len(code) - 2, len(code) - 1):
        values = [ord(char) - ord("0") for char in reversed(code[:end])]
        span = widest_weight - 1
        rest = sum(value * (2 + place % span) for place, value in enumerate(values)) % 11
        if code[end] != str(0 if rest < 2 else 11 - rest):
            return False
    return True


def skeleton(sentence: Sentence) -> str:
    """The wording alone: quotes become their kind, accents, case and digits fall away."""
    text = sentence["text"]
    for fact in sorted(sentence["facts"], key=lambda fact: -len(fact["quote"])):
        text = text.replace(fact["quote"], f"<{fact['kind']}>")
    return " ".join(re.findall(r"<\w+>|[a-z]+", plain(text)))


def number(words: str) -> int:
    return sum(NUMBERS.get(word) or int(word) for word in words.split(" e "))


def relative_day(words: str, today: date) -> date | None:
    """The day some plain words name from today on, or None where they are absolute."""
    if words in {"hoje", "hj"}:
        return today
    if words in {"amanha", "depois de amanha"}:
        return today + timedelta(days=1 + ("depois" in words))
    if step := re.fullmatch(r"(?:daqui|daqui a|em) (\w+) (dia|semana)s?", words):
        return today + timedelta(days=number(step[1]) * (7 if step[2] == "semana" else 1))
    named = words.replace("2ª feira", "segunda").replace("3ª feira", "terca")
    for place, weekday in enumerate(WEEKDAYS):
        if weekday in named:
            ahead = (place - calendar.weekday(today.year, today.month, today.day)) % 7
            return today + timedelta(days=ahead or 7)
    return None


def absolute_day(words: str, today: date) -> date:
    """The day of a figure or a month's name; without month or year the next that exists."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", words):
        return date.fromisoformat(words)
    months, year = range(1, 13), ""
    if named := re.fullmatch(r"([\w ]+?) de ([a-z]+)(?: de (\d{4}))?", words):
        month = MONTHS.split().index(named[2]) + 1
        day, months, year = named[1], range(month, month + 1), named[3] or ""
    elif figures := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d\d))?", words):
        month = int(figures[2])
        day, months, year = figures[1], range(month, month + 1), figures[3] or ""
    else:
        day = words.removeprefix("dia ")
    if year:
        full_year = f"20{year}" if len(year) == 2 else year
        return date(int(full_year), months[0], number(day))
    return min(
        found
        for candidate_year in range(today.year, today.year + 5)
        for month in months
        if number(day) <= calendar.monthrange(candidate_year, month)[1]
        if (found := date(candidate_year, month, number(day))) >= today
    )


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_enough_of_each_kind_and_enough_that_holds_nothing(name: str) -> None:
    lines = sentences(name)
    counts = Counter(fact["kind"] for line in lines for fact in line["facts"])
    assert len(lines) >= 230
    assert set(counts) == set(get_args(Kind))
    assert min(counts.values()) >= 35
    assert sum(not line["facts"] for line in lines) >= len(lines) / 4


@pytest.mark.parametrize("name", OF_ONE_FORM)
def test_each_fact_has_its_form_and_one_place_in_the_text(name: str) -> None:
    for line in sentences(name):
        assert set(line) == {"text", "today", "facts"}
        date.fromisoformat(line["today"])
        seen = [(fact["kind"], fact["value"]) for fact in line["facts"]]
        assert len(seen) == len(set(seen)), line
        for fact in line["facts"]:
            assert set(fact) == {"kind", "value", "quote"}
            assert re.fullmatch(FORMS[fact["kind"]], fact["value"]), fact
            assert line["text"].count(fact["quote"]) == 1, line
            assert fact["quote"] == fact["quote"].strip()


@pytest.mark.parametrize("name", APART)
@pytest.mark.parametrize(("kind", "widest_weight"), [("cpf", 11), ("cnpj", 9)])
def test_check_digits_hold_in_documents(name: str, kind: str, widest_weight: int) -> None:
    for _, value, quote in facts(name, kind):
        assert value == bare(quote)
        assert check_digits_hold(value, widest_weight), quote


@pytest.mark.parametrize("name", FILES)
def test_what_is_shaped_like_a_document_and_is_no_fact_fails_its_check_digits(name: str) -> None:
    dotted = (
        (r"\b\d{3}\.?\d{3}\.?\d{3}-?\d\d\b", 11),
        (r"\b\w{2}\.?\w{3}\.?\w{3}/?\w{4}-?\d\d\b", 9),
    )
    refused = 0
    for line in sentences(name):
        labelled = {fact["value"] for fact in line["facts"]}
        for shape, widest_weight in dotted:
            for found in re.findall(shape, line["text"], re.ASCII):
                code = bare(found)
                if not re.search(r"\d", code) or labelled & {code, f"+55{code}", f"+{code}"}:
                    continue
                assert not check_digits_hold(code, widest_weight), line
                refused += 1
    assert refused >= 5


@pytest.mark.parametrize("name", NO_DOUBTFUL_PHONE)
def test_a_phone_has_an_area_code_in_use_and_the_digits_of_its_quote(name: str) -> None:
    for _, value, quote in facts(name, "phone"):
        digits = bare(re.sub(r"(?i)xx|\*\*", "", quote))
        assert re.fullmatch(AREA_CODE, value[3:5])
        assert digits[-8:] == value[-8:], quote
        assert re.search(f"{value[3:5]}9?$", digits[:-8]), quote
        assert not (len(value) == 14 and check_digits_hold(value[3:], 11)), quote


@pytest.mark.parametrize("name", APART)
def test_an_address_is_its_quote_in_lower_case(name: str) -> None:
    spoken = {" arroba ": "@", " ponto ": ".", " underline ": "_"}
    for _, value, quote in facts(name, "email"):
        for word, sign in spoken.items():
            quote = quote.replace(word, sign)
        assert value == quote.lower()


@pytest.mark.parametrize("name", FILES)
def test_money_in_figures_is_the_figure_times_its_unit(name: str) -> None:
    units = {"": 1, "k": 1000, "mil": 1000, "milhao": 10**6, "milhoes": 10**6}
    shape = r"(?:r\$ ?)?([\d.]+(?:,\d+)?) ?(k|mil|milhao|milhoes|)(?: reais)?"
    checked = 0
    for _, value, quote in facts(name, "money"):
        assert Decimal(value) >= Decimal("0.01")
        if figure := re.fullmatch(shape, plain(quote)):
            amount = Decimal(figure[1].replace(".", "").replace(",", ".")) * units[figure[2]]
            assert value == f"{amount:.2f}", quote
            checked += 1
    assert checked >= 30


@pytest.mark.parametrize("name", OF_KNOWN_DATES)
def test_a_date_lies_where_its_words_say(name: str) -> None:
    for line, value, quote in facts(name, "date"):
        today, words = date.fromisoformat(line["today"]), plain(quote)
        day = relative_day(words, today) or absolute_day(words, today)
        assert value == day.isoformat(), (line, quote)


def test_the_unseen_file_is_wider_above_all_in_names_and_money() -> None:
    lines = sentences("unseen")
    counts = Counter(fact["kind"] for line in lines for fact in line["facts"])
    assert len(lines) >= 400
    assert min(counts.values()) >= 40
    assert counts["name"] >= 70
    assert counts["money"] >= 55
    assert sum(not line["facts"] for line in lines) >= len(lines) * 0.3
    assert len({line["today"] for line in lines}) >= 5


@pytest.mark.parametrize("name", APART)
def test_no_sentence_of_a_file_occurs_twice(name: str) -> None:
    lines = sentences(name)
    assert len({line["text"] for line in lines}) == len(lines)


@pytest.mark.parametrize(("one", "other"), list(combinations(ALL_FILES, 2)))
def test_two_files_share_no_wording_and_no_address_number_or_name(one: str, other: str) -> None:
    skeletons = [{skeleton(line) for line in sentences(name)} for name in (one, other)]
    assert not skeletons[0] & skeletons[1]
    for kind in ("name", "email", "phone", "cpf", "cnpj"):
        values = [{value for _, value, _ in facts(name, kind)} for name in (one, other)]
        # Of many given names a few recur by chance.
        chance = min(map(len, values)) // RECURRING if kind == "name" else 0
        assert len(values[0] & values[1]) <= chance, kind


def test_many_towns_and_both_forms_of_cnpj_occur() -> None:
    towns = {value for name in FILES for _, value, _ in facts(name, "city")}
    assert len(towns) >= 50
    for name in FILES:
        lettered = {bool(re.search("[A-Z]", value)) for _, value, _ in facts(name, "cnpj")}
        assert lettered == {True, False}
