from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from runtime.openai.prices import Prices, TokenCount

OWN = """
- {model: gpt-x, since: 2026-01-01, input: 1, cached_input: 0.1, output: 10}
- {model: gpt-x, since: 2026-06-01, input: 0.5, output: 5}
"""
DAY = date(2026, 11, 27)


@pytest.fixture
def own(tmp_path: Path) -> Prices:
    file = tmp_path / "prices.yaml"
    file.write_text(OWN, encoding="utf-8")
    return Prices.load(file)


def test_a_call_costs_input_cached_input_and_output(own: Prices) -> None:
    tokens = TokenCount(prompt=1000, completion=100, cached=600)
    cost = own.cost_usd("gpt-x", tokens, date(2026, 2, 1))
    assert cost == Decimal("0.00146")


def test_the_newest_price_that_is_in_force_counts(own: Prices) -> None:
    tokens = TokenCount(prompt=1_000_000, completion=0)
    assert own.cost_usd("gpt-x", tokens, date(2026, 5, 31)) == 1
    assert own.cost_usd("gpt-x", tokens, date(2026, 6, 1)) == Decimal("0.5")


def test_without_a_price_the_cost_is_not_known_and_never_zero(own: Prices) -> None:
    assert own.cost_usd("gpt-y", TokenCount(1, 1), DAY) is None
    assert own.cost_usd("gpt-x", TokenCount(1, 1), date(2025, 12, 31)) is None


def test_a_dated_snapshot_costs_what_its_model_costs(own: Prices) -> None:
    tokens = TokenCount(prompt=1_000_000, completion=0)
    assert own.cost_usd("gpt-x-2026-03-05", tokens, DAY) == Decimal("0.5")
    assert own.cost_usd("gpt-x-mini", tokens, DAY) is None


def test_a_list_with_a_misspelt_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("- {model: a, since: 2026-01-01, inputs: 1, output: 1}", encoding="utf-8")
    with pytest.raises(ValidationError):
        Prices.load(file)


def test_the_shipped_list_prices_the_models_in_use() -> None:
    prices = Prices.load()
    for model in ("gpt-5.4-mini", "gpt-5-mini", "gpt-4o-mini", "text-embedding-3-small"):
        price = prices.price(model, DAY)
        assert price is not None
        assert price.input > 0
        assert price.cached_input is None or price.cached_input < price.input
