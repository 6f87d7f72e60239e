"""Which part of a passage is quoted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.agent.excerpts import DEFAULT_LIMIT, excerpt, spoken

TEXT = (
    "# Loja\nAbrimos de segunda a sexta, das 9h às 18h.\n\nTrocas em até 30 dias, com a etiqueta. "
    "O frete para Niterói é de R$ 12,50.\nVocês entregam no domingo?\nNão, só de segunda a sábado."
)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("que horas abrem?", "Abrimos de segunda a sexta, das 9h às 18h."),
        ("qto fica o frete pra niteroi?", "O frete para Niterói é de R$ 12,50."),
        ("entregam domingo?", "Não, só de segunda a sábado."),
    ],
)
def test_the_sentence_that_answers_is_quoted(question: str, quote: str) -> None:
    assert excerpt(question, TEXT) == quote


def test_a_short_sentence_brings_what_follows_in_its_paragraph() -> None:
    assert excerpt("posso fazer trocas?", TEXT) == (
        "Trocas em até 30 dias, com a etiqueta. O frete para Niterói é de R$ 12,50."
    )


def test_words_that_every_sentence_has_weigh_little() -> None:
    plans = "O plano básico da loja é azul. O plano médio da loja é verde. O plano maior da loja é lilás."
    parking = "Estacionamento grátis."
    asked = "o plano da loja tem estacionamento?"
    assert excerpt(asked, f"{plans} {parking}") == parking


def test_a_sentence_too_long_is_cut_behind_a_word() -> None:
    cut = excerpt("palavra", "palavra " * 100)
    assert len(cut) <= DEFAULT_LIMIT
    assert cut.endswith("palavra")


def test_a_text_without_words_has_no_excerpt() -> None:
    assert excerpt("oi", "") == excerpt("oi", " \n--") == excerpt("oi", "# Só um título") == ""


def test_marks_of_writing_are_not_spoken() -> None:
    assert spoken("- **Garantia**: 90 dias\n  `motor`") == "Garantia: 90 dias motor"
    assert spoken("R$ 1.500 - à vista") == "R$ 1.500 - à vista"


@given(st.text(), st.text(), st.integers(20, 400))
def test_an_excerpt_is_a_slice_within_the_limit(question: str, text: str, limit: int) -> None:
    found = excerpt(question, text, limit)
    assert found in text
    assert len(found) <= limit


def test_the_excerpt_mostly_holds_what_people_found_to_be_the_answer(corpus: Path) -> None:
    articles = json.loads((corpus / "faquad-train.json").read_text(encoding="utf-8"))["data"]
    held = [
        any(answer["text"] in excerpt(qa["question"], p["context"]) for answer in qa["answers"])
        for article in articles
        for p in article["paragraphs"]
        for qa in p["qas"]
    ]
    assert sum(held) / len(held) > 0.85
