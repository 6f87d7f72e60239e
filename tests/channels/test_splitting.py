"""Long answers in parts."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.channels.splitting import split

FAMILY = "👨‍👩‍👧‍👦"
WHOLES = [
    "https://loja.example/a.b?c=d",
    "ana.lima@empresa.com.br",
    "R$ 1.500,00",
    "R$ 2 milhões",
    "25 kg",
    "10 dias",
    "300 Mbps",
    "1,5 mil",
    "(11) 98765-4321",
    FAMILY,
    "👍🏽",
    "🇧🇷",
    "e\u0301\u0302",
]
WORDS = st.sampled_from(
    [*WHOLES, "oi", "preço", "é", "Sr. Silva.", "Tudo bem?", "\n\n", "\n", "🇧🇷🇵🇹"]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join))


def bare(text: str) -> str:
    return "".join(text.split())


@settings(deadline=None)
@given(TEXTS, st.integers(1, 80))
@example("a" * 50 + " b", 50)
@example("a" * 50 + "\n\n\n  b", 50)
@example(" \u0301" * 10, 3)
@example("a" + "\u00a0" * 120 + "b", 50)
def test_together_the_parts_are_the_text_but_for_white_space(text: str, most: int) -> None:
    parts = split(text, max_chars=most)
    assert bare("".join(parts)) == bare(text)
    assert all(part.strip() for part in parts)
    assert all(len(part) <= most for part in parts)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 80))
def test_a_text_that_fits_is_one_part(text: str, most: int) -> None:
    stripped = text.strip()
    if stripped and len(stripped) <= most:
        assert split(text, max_chars=most) == (stripped,)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["oi", "tudo", "x" * 70, "bem.", "\n\n"]), max_size=30),
    st.sampled_from(WHOLES),
    st.lists(st.sampled_from(["oi", "tudo", "bem.", "\n\n"]), max_size=30),
)
def test_what_belongs_together_stays_in_one_part(
    before: list[str], whole: str, after: list[str]
) -> None:
    parts = split(" ".join([*before, whole, *after]), max_chars=50)
    assert any(whole in part for part in parts)


def test_a_paragraph_is_a_better_border_than_a_sentence() -> None:
    text = "Primeiro parágrafo, que é longo.\n\nSegundo. Terceiro e assim por diante."
    assert split(text, max_chars=50) == (
        "Primeiro parágrafo, que é longo.",
        "Segundo. Terceiro e assim por diante.",
    )


def test_a_sentence_is_a_better_border_than_a_word() -> None:
    text = "Temos duas opções para você. A primeira custa menos e dura mais"
    assert split(text, max_chars=50) == (
        "Temos duas opções para você.",
        "A primeira custa menos e dura mais",
    )


def test_an_abbreviation_ends_no_sentence() -> None:
    text = "Quem cuida disso na nossa loja é o Sr. Silva, que volta amanhã"
    assert split(text, max_chars=45) == (
        "Quem cuida disso na nossa loja é o Sr. Silva,",
        "que volta amanhã",
    )


def test_a_number_goes_with_its_unit_to_the_next_part() -> None:
    text = "O pacote maior que nós temos na loja hoje pesa 25 kg"
    assert split(text, max_chars=49) == ("O pacote maior que nós temos na loja hoje pesa", "25 kg")


def test_a_border_near_the_beginning_leaves_no_crumb() -> None:
    text = "Oi!\n\n" + "palavra " * 12
    assert len(split(text, max_chars=60)[0]) > 40


def test_a_word_that_fits_is_whole_even_behind_a_crumb() -> None:
    assert split("oi " + "x" * 48, max_chars=50) == ("oi", "x" * 48)


def test_a_web_address_behind_a_word_without_a_space_is_whole() -> None:
    address = "https://loja.example/a.b?c=d"
    assert split("x" * 40 + address, max_chars=50) == ("x" * 40, address)


def test_figures_that_do_not_fit_are_cut_between_them() -> None:
    parts = split(" ".join(["123"] * 40), max_chars=50)
    assert {figure for part in parts for figure in part.split(" ")} == {"123"}


@pytest.mark.parametrize("grapheme", [FAMILY, "🇧🇷", "👍🏽", "e\u0301", "☝️", "각"])
@pytest.mark.parametrize("most", [50, 51, 52, 53])
def test_no_grapheme_is_cut_in_a_text_without_a_space(grapheme: str, most: int) -> None:
    parts = split(grapheme * 60, max_chars=most)
    assert {part.replace(grapheme, "") for part in parts} == {""}


def test_a_web_address_that_does_not_fit_is_cut_and_nothing_of_it_is_lost() -> None:
    address = "https://loja.example/" + "a" * 100
    assert "".join(split(address, max_chars=50)) == address


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["x", "1.", "🇧", "a@", ". "])
def test_no_text_makes_it_slow(piece: str) -> None:
    """In linear time a second; in quadratic time minutes."""
    text = piece * (200_000 // len(piece))
    assert bare("".join(split(text, max_chars=50))) == bare(text)


def test_white_space_gives_no_part() -> None:
    assert split(" \n\t ", max_chars=10) == ()


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_chars"):
        split("oi", max_chars=0)
