"""What holds for every text: quotes, order, forms of values, and work that grows with the text."""

from __future__ import annotations

import re
import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.extraction import extract
from tests.extraction.reading import TODAY

FORMS = {
    "name": r"\S+(?: \S+)*",
    "email": r"[^\sA-Z@]+@[^\sA-Z@]+\.[a-z]+",
    "phone": r"\+55[1-9][0-9](?:9[0-9]{8}|[2-5][0-9]{7})",
    "cpf": r"[0-9]{11}",
    "cnpj": r"[0-9A-Z]{12}[0-9]{2}",
    "money": r"[0-9]+\.[0-9]{2}",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "city": r"[A-ZÀ-Ý][A-Za-zÀ-ÿ' -]+",
}

PIECES = (
    "me chamo", "Ana", "Lima", "da", "Silva", "moro em", "Campinas", "São Paulo", "/SP", "rua",
    "sou a", "11", "98765-4321", "(11)", "+55", "3333-4444", "529.982.247-25",
    "12.ABC.345/01DE-35", "R$", "1.500,00", "mil", "dois", "e", "quinhentos", "reais", "k", "a",
    "de", "2", "3", "12/03/2027", "31/02", "5", "março", "dia", "20", "sexta", "que vem",
    "segunda", "opção", "amanhã", "daqui a", "dias", "ana@gmail.com", "arroba", "gmail", "ponto",
    "com", ",", ".", "!", "\n", "é", "ñ", "\u0301", "\u200b", "😀", "hoje", "aqui", "nome:",
)  # fmt: skip
pieces = st.sampled_from(PIECES)
chats = st.lists(st.tuples(pieces, st.sampled_from(("", " ", "  "))), max_size=40).map(
    lambda parts: "".join(piece + gap for piece, gap in parts)
)
texts = st.one_of(chats, st.text(max_size=200))


@settings(max_examples=60, deadline=None)
@given(texts)
@example("\u0130\ufb03 me chamo \u0130da")
@example("ana\u0301 a\u0301@gmail.com")
def test_every_fact_is_quoted_in_order_and_in_its_form(text: str) -> None:
    found = extract(text, today=TODAY)
    for one in found:
        assert text[one.start : one.end] == one.quote
        assert one.start < one.end
        assert re.fullmatch(FORMS[one.kind], one.value), one
        assert 0 < one.confidence < 1
    for one, following in pairwise(found):
        shared = one.kind == following.kind == "money"
        assert one.end <= following.start or (shared and one.start <= following.start)


@settings(max_examples=30, deadline=None)
@given(texts)
def test_the_same_text_gives_the_same_facts(text: str) -> None:
    assert extract(text, today=TODAY) == extract(text, today=TODAY)


@settings(max_examples=40, deadline=None)
@given(chats)
def test_what_follows_in_a_new_paragraph_leaves_checked_facts_alone(text: str) -> None:
    checked = {"cpf", "cnpj"}
    longer = f"{text}\n\nobrigado!"
    assert [one for one in extract(text, today=TODAY) if one.kind in checked] == [
        one for one in extract(longer, today=TODAY) if one.kind in checked
    ]


@pytest.mark.parametrize("today", [date.min, date.max, date(2028, 2, 29)])
@settings(max_examples=25, deadline=None)
@given(text=chats)
def test_no_day_makes_it_fail(today: date, text: str) -> None:
    extract(text, today=today)


@pytest.mark.parametrize(
    "text",
    [
        "1" + ".000" * 10_000 + " reais",
        "\u1369 de março, dia \u1369, \u1369 mil",
        "\ud800 me chamo \ud800",
        "em 999999999999999999999 dias, dia 99999999999999999999",
        "R$ " + "9" * 5000,
        "mil " * 50 + "reais",
        "",
    ],
)
def test_odd_texts_are_read_like_others(text: str) -> None:
    assert isinstance(extract(text, today=TODAY), tuple)


def test_accents_may_be_written_as_marks_of_their_own() -> None:
    (found,) = extract("moro em Goia\u0302nia hj não"[:17], today=TODAY)
    assert (found.value, found.quote) == ("Goiânia", "Goia\u0302nia")


def test_spaces_tabs_and_line_ends_of_any_kind_are_read_as_one() -> None:
    (found,) = extract("meu  nome\té   Ana   Lima,\r\nok?", today=TODAY)
    assert (found.value, found.quote) == ("Ana Lima", "Ana   Lima")


def test_letters_of_other_tongues_belong_to_their_words() -> None:
    assert [one.value for one in extract("aqui é a Małgorzata", today=TODAY)] == ["Małgorzata"]


def test_one_message_gives_facts_of_every_kind() -> None:
    text = (
        "Oi, me chamo Ana Lima, moro em Campinas. Meu zap é 11 98765-4321, email ana@gmail.com, "
        "cpf 529.982.247-25, cnpj 12.ABC.345/01DE-35. Tenho R$ 1.500,00 e posso dia 20."
    )
    assert [(one.kind, one.value) for one in extract(text, today=TODAY)] == [
        ("name", "Ana Lima"),
        ("city", "Campinas"),
        ("phone", "+5511987654321"),
        ("email", "ana@gmail.com"),
        ("cpf", "52998224725"),
        ("cnpj", "12ABC34501DE35"),
        ("money", "1500.00"),
        ("date", "2026-12-20"),
    ]


WORST = (
    "a", "1", "9 ", "a@", "a.", "arroba ", "moro em campina ", "me chamo ", "dois e ", "2 a ", "5 e ",
    "segunda a ", "ddd 11 e ", "quero a a a em ", "oi, ", "\u0301", "oi, ana lima ", "ana do a a ",
    "sexta, ", "\n\nana lima", "nome ana ", "um real nem ", "Ana Lima, ", "Ana\n", "1) Ana Lima 9", "Jaú, ",
)  # fmt: skip


def work(text: str) -> float:
    """CPU seconds of this process: what else the machine does, does not count."""
    started = time.process_time()
    extract(text, today=TODAY)
    return max(time.process_time() - started, 0.0005)


def assert_work_grows_as_the_text(piece: str, short_size: int, long_size: int) -> None:
    """Thirty-two times the text: linear work takes 32 times as long, quadratic work 1024 times."""
    assert long_size == 32 * short_size
    short, long = (piece * (size // len(piece) + 1) for size in (short_size, long_size))
    assert work(long) < 160 * work(short)


@pytest.mark.parametrize("piece", WORST)
def test_sixteen_kibibytes_of_the_worst_cost_as_the_length_not_as_its_square(piece: str) -> None:
    assert_work_grows_as_the_text(piece, 512, 16 * 1024)


@pytest.mark.soak
@pytest.mark.parametrize("piece", WORST)
def test_128_kibibytes_of_the_worst_cost_as_the_length_not_as_its_square(piece: str) -> None:
    assert_work_grows_as_the_text(piece, 4 * 1024, 128 * 1024)


phrases = st.lists(pieces, min_size=1, max_size=4)
gaps = st.sampled_from(("", " "))


@settings(max_examples=5, deadline=None)
@given(phrases, gaps)
def test_any_phrase_repeated_costs_as_the_length_not_as_its_square(
    phrase: list[str], gap: str
) -> None:
    assert_work_grows_as_the_text(gap.join(phrase) + gap, 256, 8 * 1024)


@pytest.mark.soak
@settings(max_examples=100, deadline=None)
@given(phrases, gaps)
def test_many_phrases_repeated_cost_as_the_length_not_as_its_square(
    phrase: list[str], gap: str
) -> None:
    assert_work_grows_as_the_text(gap.join(phrase) + gap, 512, 16 * 1024)
