"""The page of the reason codes."""

from __future__ import annotations

from runtime import reasons_reference
from runtime.agent.reasons import MEANING, Reason


def test_every_code_has_a_meaning() -> None:
    assert set(MEANING) == set(Reason)
    assert all(MEANING[reason].strip() for reason in Reason)


def test_the_page_is_what_the_codes_say() -> None:
    assert reasons_reference.PATH.read_text(encoding="utf-8") == reasons_reference.text()
