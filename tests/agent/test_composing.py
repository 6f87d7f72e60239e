"""How an answer is worded around what others wrote, and what a human is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from runtime.agent import phrases
from runtime.agent.composing import out_of_hours
from runtime.agent.context import Line, Passage
from runtime.agent.reasons import Reason
from runtime.companies.config import CompanySettings
from tests.agent.dialogue import EMAIL, Dialogue, wants

OPENS = "Abrimos às 9h de segunda a sexta."


def _passage(title: str) -> Passage:
    return Passage("d", 1, 0, title, OPENS, 0.8)


def test_a_document_is_named_as_people_name_it() -> None:
    talk = Dialogue(passages=(_passage("horarios_da_loja.PDF"),))
    assert "“horarios da loja”" in (talk.customer("que horas abre?").reply or "")


def test_a_document_without_a_name_is_quoted_without_one() -> None:
    reply = Dialogue(passages=(_passage(".pdf"),)).customer("que horas abre?").reply
    assert reply is not None
    assert OPENS in reply
    assert "“" not in reply


def test_a_long_answer_brings_no_question() -> None:
    long = Dialogue(passages=(_passage("Horários " * 70),), criteria=(EMAIL,))
    assert (long.customer("que horas abre?").reply or "").endswith(OPENS)


def test_only_what_this_side_said_counts_as_said() -> None:
    talk = Dialogue(criteria=(), passages=(_passage("Horários"),), handoff={"enabled": False})
    talk.history = [Line("contact", f"Li no site: {OPENS}")]
    assert talk.customer("abre que horas?").reason is Reason.ANSWERED_FROM_KNOWLEDGE
    talk.history = [Line("human", OPENS)]
    assert talk.customer("abre que horas?").reason is Reason.DID_NOT_KNOW


def _brief(talk: Dialogue, text: str) -> list[str]:
    handoff = talk.customer(text).handoff
    assert handoff is not None
    return handoff.brief.split("\n")


def test_a_brief_holds_the_beginning_of_a_long_message() -> None:
    said = _brief(Dialogue(criteria=()), f"quero um atendente. {'blá ' * 200}")[1]
    assert said.startswith("Última mensagem: “quero um atendente. blá")
    assert said.endswith("blá…”")
    assert len(said) < 330


def test_a_brief_names_the_words_only_where_more_was_said() -> None:
    assert [line for line in _brief(Dialogue(), "quero um atendente") if "Palavras" in line] == []
    assert "Palavras: “quero um atendente”" in _brief(Dialogue(), "oi. quero um atendente")


def test_a_brief_says_that_it_is_out_of_hours() -> None:
    settings = {"quiet_hours": {"start": "20:00", "end": "08:00"}}
    (out,) = phrases.variants("brief_out_of_hours", "pt-BR")
    late = Dialogue(settings=settings, now=datetime(2026, 11, 3, 21, tzinfo=UTC))
    assert _brief(late, "quero um atendente")[-1] == out
    assert out not in _brief(Dialogue(settings=settings), "quero um atendente")


def test_days_and_amounts_are_written_as_the_locale_does() -> None:
    talk = Dialogue(
        criteria=(wants("budget", "your budget"), wants("date", "the day")), locale="en"
    )
    talk.customer("R$ 45.000,50 em 12/03/2027")
    brief = " ".join(_brief(talk, "I want to talk to a human"))
    assert "budget: R$ 45,000.50; date: 2027-03-12" in brief


@pytest.mark.parametrize(
    ("start", "end", "at", "rests"),
    [
        ("20:00", "08:00", time(20), True),
        ("20:00", "08:00", time(7, 59), True),
        ("20:00", "08:00", time(8), False),
        ("20:00", "08:00", time(19, 59), False),
        ("12:00", "14:00", time(12), True),
        ("12:00", "14:00", time(14), False),
        ("12:00", "14:00", time(11, 59), False),
    ],
)
def test_quiet_hours_begin_with_their_start_and_end_before_their_end(
    start: str, end: str, at: time, rests: bool
) -> None:
    settings = CompanySettings.model_validate({"quiet_hours": {"start": start, "end": end}})
    assert out_of_hours(settings, datetime.combine(date(2026, 11, 3), at, UTC)) is rests
