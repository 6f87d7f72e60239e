"""From a row of `core` to the model that says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import asyncpg
import orjson
from pydantic import BaseModel, ValidationError

from runtime.companies.config import Centurion, Company
from runtime.companies.errors import ConfigInvalid

COMPANIES, CENTURIONS = "core.companies", "core.centurions"
JSON_COLUMNS = frozenset(
    {
        "settings",
        "models",
        "qualification",
        "handoff",
        "followup",
        "channels",
        "config",
        "config_override",
    }
)
Row = Mapping[str, Any] | asyncpg.Record
M = TypeVar("M", bound=BaseModel)


def plain(row: Row) -> dict[str, Any]:
    """The row as plain data: jsonb parsed, and nulls left out, so that a default stands for them."""
    return {
        name: orjson.loads(value) if name in JSON_COLUMNS else value
        for name, value in row.items()
        if value is not None
    }


def company(row: Row) -> Company:
    """A row of `core.companies`. Raises `ConfigInvalid`."""
    return _parsed(Company, COMPANIES, row)


def centurion(row: Row) -> Centurion:
    """A row of `core.centurions`. Raises `ConfigInvalid`."""
    return _parsed(Centurion, CENTURIONS, row)


def _parsed(model: type[M], table: str, row: Row) -> M:
    try:
        return model.model_validate(plain(row))
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise ConfigInvalid(table, str(row["id"]), path, problem) from None
