"""Companies as they stand, for people to look at: never a secret, only that there is one."""

from __future__ import annotations

from typing import Any

from projections.migrate import Database
from projections.statements import statements
from runtime.companies.changes import SECRET_COLUMNS
from runtime.companies.rows import plain
from runtime.redaction import Redactor

_SQL = statements("runtime.companies", "overview.sql")
_REDACTOR = Redactor()


async def listed(conn: Database) -> list[dict[str, Any]]:
    """One row a company, by id: how many centurions are enabled, how many documents it knows."""
    return [dict(row) for row in await conn.fetch(_SQL["list"])]


async def shown(conn: Database, company_id: str) -> dict[str, Any] | None:
    """Everything about one company; None where there is none."""
    row = await conn.fetchrow(_SQL["company"], company_id)
    if row is None:
        return None
    found = plain(row)
    for what in ("centurions", "bindings", "documents"):
        rows = await conn.fetch(_SQL[what], company_id)
        found[what] = [_without_secrets(plain(row)) for row in rows]
    return found


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            "secret" if key in SECRET_COLUMNS else key: (
                "set" if key in SECRET_COLUMNS else _without_secrets(item)
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return _REDACTOR.text(value) if isinstance(value, str) else value
