"""What the rules say, in both languages."""

from __future__ import annotations

import re
import string
from uuid import UUID

import pytest

from runtime.agent import phrases
from runtime.agent.reasons import Reason

_CODES = {str(reason) for reason in Reason}
_INSIDE = re.compile(
    r"\b(?:turn|lead|score|crit[eé]ri|threshold|handoff|passage|json|null|none|erro|error|fallback)",
    re.IGNORECASE,
)


def _fields(wording: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name}


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    portuguese, english = (phrases.wordings_of(locale) for locale in ("pt-BR", "en"))
    assert portuguese.keys() == english.keys()
    for name in portuguese:
        needed = {frozenset(_fields(w)) for w in portuguese[name]}
        assert {frozenset(_fields(w)) for w in english[name]} <= needed | {frozenset()}


@pytest.mark.parametrize("locale", phrases.LOCALES)
def test_no_wording_is_empty_double_or_speaks_of_the_inside(locale: str) -> None:
    for name, wordings in phrases.wordings_of(locale).items():
        assert wordings
        assert len(set(wordings)) == len(wordings)
        for wording in wordings:
            assert wording.strip(), name
            assert not _CODES & set(re.findall(r"[a-z_]+", wording))
            if not name.startswith(("summary", "brief")):
                assert not _INSIDE.search(wording), name


@pytest.mark.parametrize("locale", phrases.LOCALES)
def test_a_second_question_is_worded_unlike_the_first(locale: str) -> None:
    wordings = phrases.wordings_of(locale)
    for name in wordings:
        if name.startswith("ask") and not name.endswith("_again"):
            assert not set(wordings[name]) & set(wordings[f"{name}_again"])


def test_the_turn_settles_the_wording_and_the_last_line_is_not_repeated() -> None:
    turns = [UUID(int=n) for n in range(50)]
    said = {phrases.say("how_can_i_help", "pt-BR", turn) for turn in turns}
    assert said == set(phrases.variants("how_can_i_help", "pt-BR"))
    for turn in turns:
        once = phrases.say("how_can_i_help", "pt-BR", turn)
        assert phrases.say("how_can_i_help", "pt-BR", turn) == once
        assert phrases.say("how_can_i_help", "pt-BR", turn, unlike=f"Oi! {once}") != once


def test_values_are_taken_as_they_are() -> None:
    (text,) = {phrases.say("quoted_untitled", "en", UUID(int=1), quote="{0} {name} %s")}
    assert text.endswith("{0} {name} %s")


def test_an_unknown_locale_is_spoken_to_in_english() -> None:
    assert phrases.variants("and", "fr") == (" and ",)


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a e b"), (["a", "b", "c"], "a, b e c")],
)
def test_lists_are_read_out(items: list[str], text: str) -> None:
    assert phrases.listed(items, "pt-BR") == text
