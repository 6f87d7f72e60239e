"""What tokens cost, by model and day: a dated list that an operator may replace by his own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_MILLION = Decimal(1_000_000)
Usd = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of one call; `cached` are among `prompt`."""

    prompt: int
    completion: int
    cached: int = 0


class Price(BaseModel):
    """USD for a million tokens of a model, from a day on. Without a price for cached input, input's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    since: date
    input: Usd
    cached_input: Usd | None = None
    output: Usd

    def cost_usd(self, tokens: TokenCount) -> Decimal:
        """What so many tokens cost."""
        cached = min(tokens.cached, tokens.prompt)
        cached_price = self.input if self.cached_input is None else self.cached_input
        return (
            (tokens.prompt - cached) * self.input
            + cached * cached_price
            + tokens.completion * self.output
        ) / _MILLION


_ROWS = TypeAdapter(list[Price])
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is there: each start reads the list."""


class Prices:
    """Finds a model's price. A dated snapshot (`gpt-5.4-2026-03-05`) costs what its model costs."""

    def __init__(self, rows: Iterable[Price]) -> None:
        self._rows: dict[str, list[Price]] = {}
        for row in sorted(rows, key=lambda row: row.since):
            self._rows.setdefault(row.model, []).append(row)

    @classmethod
    def load(cls, path: Path | None = None) -> Prices:
        """The list in a file; without a path the one that comes with the program.

        Raises:
            OSError, yaml.YAMLError, pydantic.ValidationError: the file cannot be used.
        """
        shipped = files("runtime.openai").joinpath("prices.yaml")
        text = (path or shipped).read_text(encoding="utf-8")
        return cls(_ROWS.validate_python(yaml.load(text, _LOADER)))  # noqa: S506 - a safe one

    def price(self, model: str, on: date) -> Price | None:
        """The price on a day (UTC); None where the list has none."""
        rows = self._rows.get(model) or self._rows.get(_undated(model), [])
        return next((row for row in reversed(rows) if row.since <= on), None)

    def cost_usd(self, model: str, tokens: TokenCount, on: date) -> Decimal | None:
        """What a call cost; None, never 0, where the model has no price."""
        price = self.price(model, on)
        return None if price is None else price.cost_usd(tokens)


def _undated(model: str) -> str:
    head, _, tail = model[:-10], model[-11:-10], model[-10:]
    try:
        date.fromisoformat(tail)
    except ValueError:
        return model
    return head.removesuffix("-")
