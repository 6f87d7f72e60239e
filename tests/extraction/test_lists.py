"""Lists are read before the first text, not by it."""

from __future__ import annotations

from datetime import date
from typing import Any

from runtime.extraction import extract, extractor, gazetteer, load_lists, name_words, weights

_READING: tuple[Any, ...] = (
    weights.fitted,
    gazetteer.places,
    gazetteer.misspelt_places,
    name_words.first_name_stems,
    name_words.usual_first_names,
    name_words.first_names,
    name_words.surnames,
)
_TEXT = "Meu nome é Ana Souza, a Dudinha, moro em Campnas e falo com o João Batista de Sant'Ana"


def test_after_loading_no_text_reads_a_list() -> None:
    for reading in _READING:
        reading.cache_clear()
    load_lists()
    read = [reading.cache_info().misses for reading in _READING]
    assert all(read)
    assert extract(_TEXT, today=date(2026, 1, 1))
    assert [reading.cache_info().misses for reading in _READING] == read


def test_every_cached_list_is_known_here() -> None:
    cached = {
        value
        for module in (extractor, gazetteer, name_words, weights)
        for value in vars(module).values()
        if hasattr(value, "cache_info")
    }
    assert cached == set(_READING)
