"""How texts are compared, and the way back to what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.folding import fold, folded, words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  São  Paulo ", "sao paulo"),
        ("um\u00a0 \n\n dois\r", "um\ndois"),
        ("‘fim’ “já”", "'fim' \"ja\""),
        ("cli\u00aden\u200bte\u200e", "cliente"),
    ],
)
def test_case_accents_spaces_and_what_nobody_sees_make_no_difference(text: str, plain: str) -> None:
    assert folded(text) == plain


def test_words_are_what_stands_between_all_else() -> None:
    assert words("É 1.500,00_reais – «não»!") == ["e", "1", "500", "00", "reais", "nao"]


def test_a_character_that_folds_to_several_is_quoted_whole() -> None:
    read = fold("é ½ kg")
    assert read.text == "e 1⁄2 kg"
    assert [read.quote(start, 5) for start in (2, 3, 4)] == ["½"] * 3
    assert read.quote(2, 3) == "½"


@given(st.text(), st.data())
def test_a_quote_stands_in_the_text_and_folds_to_what_was_found(
    text: str, data: st.DataObject
) -> None:
    read = fold(text)
    start = data.draw(st.integers(0, len(read.text)))
    end = data.draw(st.integers(start, len(read.text)))
    quote = read.quote(start, end)
    assert quote in text
    assert read.text[start:end].strip() in folded(quote)
