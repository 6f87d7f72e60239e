"""Days, absolute and counted from today (a Friday: 27 November 2026)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.extraction.reading import FEW, TODAY, values

MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
    "novembro", "dezembro",
)  # fmt: skip
WEEKDAYS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")

days = st.dates(date(1950, 1, 1), date(2099, 12, 31))


@FEW
@given(days)
def test_every_day_with_its_year_is_found(day: date) -> None:
    for text in (f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f"{day:%d.%m.%Y}", f"{day:%Y-%m-%d}"):
        assert values("date", f"em {text}, ok?") == [day.isoformat()]
    assert values("date", f"{day.day} de {MONTHS[day.month - 1]} de {day.year}") == [
        day.isoformat()
    ]


@FEW
@given(days, st.integers(0, 365))
def test_a_day_without_its_year_is_the_next_such_day(today: date, ahead: int) -> None:
    day = today + timedelta(days=ahead)
    if (day.month, day.day) != (2, 29) and (
        (day.month, day.day) != (today.month, today.day) or not ahead
    ):
        assert values("date", f"{day:%d/%m}", today) == [day.isoformat()]
        assert values("date", f"dia {day.day} de {MONTHS[day.month - 1]}", today) == [
            day.isoformat()
        ]


@FEW
@given(days)
def test_a_weekday_is_the_next_one_after_today(today: date) -> None:
    for ahead in range(1, 8):
        day = today + timedelta(days=ahead)
        name = WEEKDAYS[day.weekday()]
        assert values("date", f"pode ser na {name}?", today) == [day.isoformat()]
        assert values("date", f"{name} que vem", today) == [day.isoformat()]
        assert values("date", f"próxima {name}", today) == [day.isoformat()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hoje", "2026-11-27"), ("hj ainda", "2026-11-27"), ("amanhã cedo", "2026-11-28"),
        ("amanha", "2026-11-28"), ("depois de amanhã", "2026-11-29"), ("dps de amanha", "2026-11-29"),
        ("daqui a 3 dias", "2026-11-30"), ("daqui uma semana", "2026-12-04"), ("em duas semanas", "2026-12-11"),
        ("em 10 dias", "2026-12-07"), ("dia 20", "2026-12-20"), ("dia 27", "2026-11-27"),
        ("dia vinte e cinco", "2026-12-25"), ("dia 31", "2026-12-31"), ("dia primeiro", "2026-12-01"),
        ("1º de maio", "2027-05-01"), ("primeiro de maio", "2027-05-01"), ("5 de marco", "2027-03-05"),
        ("cinco de março", "2027-03-05"), ("12/mar", "2027-03-12"), ("29/02", "2028-02-29"),
        ("10/05/85", "1985-05-10"), ("1/1/27", "2027-01-01"), ("segunda-feira", "2026-11-30"),
        ("segunda feira", "2026-11-30"), ("2ª feira", "2026-11-30"), ("sexta", "2026-12-04"),
        ("quinta às 14h", "2026-12-03"), ("sabado de manhã", "2026-11-28"), ("até domingo", "2026-11-29"),
        ("dia 5 do mês que vem", "2026-12-05"), ("terça de tarde", "2026-12-01"),
    ],
)  # fmt: skip
def test_a_day_is_found(text: str, expected: str) -> None:
    assert values("date", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "31/02", "31/04/2027", "30 de fevereiro", "00/10", "12/13", "segunda opção", "quinta vez",
        "a terça parte", "semana que vem", "hoje em dia", "de segunda a sexta", "toda sexta", "parcela 3/12",
        "24/7", "meia xícara, 1/2 xícara", "03/2027", "em 5 dias úteis", "bom dia 2 pizzas", "3 dias",
        "sexta parcela", "pela segunda vez", "a segunda via", "14:30", "um dia desses", "às segundas",
        "em 24 horas", "mês que vem", "versão 1.2.3", "dia 45",
    ],
)  # fmt: skip
def test_other_words_and_numbers_are_no_day(text: str) -> None:
    assert values("date", text) == []


def test_days_that_share_a_month_are_both_found() -> None:
    assert values("date", "dias 5 e 6 de março") == ["2027-03-05", "2027-03-06"]
    assert values("date", "segunda ou terça") == ["2026-11-30", "2026-12-01"]


def test_no_day_lies_beyond_the_calendar() -> None:
    assert values("date", "amanhã, sexta, em 999 semanas", date.max) == []


def test_today_is_never_the_weekday_of_its_name() -> None:
    assert values("date", "sexta", TODAY) == ["2026-12-04"]
