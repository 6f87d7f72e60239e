"""The rows of `core` as they stand, in the form in which a file's are compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from projections.migrate import Database
from projections.statements import statements
from runtime.companies.config import (
    Channel,
    CompanySettings,
    CredentialConfig,
    Handoff,
    Models,
    Qualification,
)
from runtime.companies.rows import Row, plain

Rows = dict[tuple[str, ...], dict[str, Any]]
"""Columns by name, without those of the key; nulls left out."""

_SQL = statements("runtime.companies", "apply.sql")
_SHAPES: Mapping[str, TypeAdapter[Any]] = {
    "settings": TypeAdapter(CompanySettings),
    "models": TypeAdapter(Models),
    "qualification": TypeAdapter(Qualification),
    "handoff": TypeAdapter(Handoff),
    "channels": TypeAdapter(dict[str, Channel]),
    "config": TypeAdapter(CredentialConfig),
    "config_override": TypeAdapter(CredentialConfig),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of some companies, and every credential set."""

    credential_sets: Rows
    companies: Rows
    centurions: Rows
    bindings: Rows
    documents: Rows


async def standing(conn: Database, company_ids: Sequence[str]) -> Standing:
    """Read it, within the caller's transaction."""
    ids = list(company_ids)
    return Standing(
        credential_sets=_rows(await conn.fetch(_SQL["credential sets"]), "id"),
        companies=_rows(await conn.fetch(_SQL["companies"], ids), "id"),
        centurions=_rows(await conn.fetch(_SQL["centurions"], ids), "company_id", "id"),
        bindings=_rows(await conn.fetch(_SQL["bindings"], ids), "company_id", "provider"),
        documents=_rows(await conn.fetch(_SQL["documents"], ids), "company_id", "id"),
    )


def as_written(column: str, value: Any) -> Any:
    """A JSON value in the spelling that our models give it; as it is, where they refuse it."""
    shape = _SHAPES.get(column)
    if shape is None:
        return value
    try:
        return shape.dump_python(shape.validate_python(value), mode="json", exclude_unset=True)
    except ValidationError:
        return value


def _rows(found: Sequence[Row], *key: str) -> Rows:
    return {
        tuple(row[column] for column in key): {
            column: as_written(column, value)
            for column, value in plain(row).items()
            if column not in key
        }
        for row in found
    }
