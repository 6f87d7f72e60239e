from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.folding import words
from runtime.openai.quotes import find

TEXT = "Olá!  Sou a   João da Conceição,\nmoro em São Paulo (SP) 😀"


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("joao da conceicao", "João da Conceição"),
        ("moro em sao paulo", "moro em São Paulo"),
        ("sou a joão", "Sou a   João"),
        ("Conceição, moro", "Conceição,\nmoro"),
        ("“São Paulo”", "São Paulo"),
        ("Paul", None),
        ("sou a jo\u00e3o da concei\u00ad\u00e7\u00e3o", "Sou a   João da Conceição"),
        ("Rio", None),
        ("", None),
        ('""', None),
    ],
)
def test_a_quote_is_found_as_it_is_written_whatever_accents_case_and_space(
    quote: str, found: str | None
) -> None:
    assert find(quote, TEXT) == found


def test_a_word_inside_another_is_not_what_was_said() -> None:
    assert find("ana", "banana ana") == "ana"
    assert find("ana", "banana") is None
    assert find("sp", "RSPO") is None


def test_text_in_decomposed_form_keeps_its_marks() -> None:
    text = unicodedata.normalize("NFD", "é José")
    assert find("jose", text) == unicodedata.normalize("NFD", "José")


@given(st.text(min_size=1), st.data())
def test_what_is_found_always_stands_in_the_text(text: str, data: st.DataObject) -> None:
    quote = data.draw(st.sampled_from(text.split() or ["x"]))
    found = find(quote, text)
    assert found is None or found in text
    if found is not None:
        assert words(found) == words(quote)
