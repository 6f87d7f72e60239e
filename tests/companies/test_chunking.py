"""A document is cut into passages without losing or breaking a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.companies.chunking import chunks

TEXTS = st.lists(
    st.sampled_from(["a", "casa.", "é", "preço:", "R$ 5,00", "\n", "\n\n", " \n \n", "x" * 30])
).map(" ".join)


@given(text=TEXTS, most=st.integers(1, 60))
def test_every_word_is_in_exactly_one_passage_in_order(text: str, most: int) -> None:
    passages = chunks(text, most)

    assert " ".join(passages).split() == text.split()
    assert all(passage == passage.strip() != "" for passage in passages)


@given(text=TEXTS, most=st.integers(1, 60))
def test_only_one_word_alone_is_longer_than_a_passage_may_be(text: str, most: int) -> None:
    for passage in chunks(text, most):
        assert len(passage) <= most or len(passage.split()) == 1


def test_paragraphs_stay_together_while_they_fit() -> None:
    assert chunks("Um.\n\nDois.\n \nTrês.", 12) == ["Um.\n\nDois.", "Três."]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = "Curto.\n\nA primeira frase é esta. A segunda vem aqui. E a terceira."

    assert chunks(text, 50) == [
        "Curto.",
        "A primeira frase é esta. A segunda vem aqui.",
        "E a terceira.",
    ]


def test_nothing_has_no_passage() -> None:
    assert chunks("") == chunks(" \n\n ") == []
