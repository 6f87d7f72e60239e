"""Brings `core` to what a file says, in one transaction of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from projections.migrate import Database
from projections.statements import statements
from runtime.companies.changes import RowChange
from runtime.companies.chunking import chunks
from runtime.companies.plan import plan
from runtime.companies.reading import CompanyFile
from runtime.companies.sealing import Sealer
from runtime.companies.standing import standing
from runtime.companies.words import folded

_SQL = statements("runtime.companies", "apply.sql")


async def hold_the_lock(conn: Database) -> None:
    """Let nobody else apply a file or rotate keys until the caller's transaction ends."""
    await conn.execute(_SQL["hold the lock"])


async def planned(conn: Database, file: CompanyFile, sealer: Sealer) -> list[RowChange]:
    """What applying the file would change now. Raises what `runtime.companies.plan.plan` raises."""
    ids = [company.id for company in file.written.companies]
    return plan(file, await standing(conn, ids), sealer)


async def write(conn: Database, changes: Sequence[RowChange]) -> None:
    """Write the changes. A changed centurion's version rises, and so does a changed text's."""
    for change in changes:
        verb = "insert" if change.action == "added" else "update"
        values = map(_parameter, change.values.values())
        await conn.execute(_SQL[f"{verb} {change.kind}"], *change.key, *values)
        touched = {field.field for field in change.fields}
        if change.kind == "document" and touched & {"title", "body", "status"}:
            await _write_chunks(conn, change)


async def _write_chunks(conn: Database, change: RowChange) -> None:
    """Anew, so that no passage of another version stays; none of a document that is removed."""
    await conn.execute(_SQL["delete chunks"], *change.key)
    title, body = change.values["title"], change.values["body"]
    if change.values["status"] == "removed":
        return
    rows = [
        (*change.key, ordinal, chunk, folded(f"{title} {chunk}"))
        for ordinal, chunk in enumerate(chunks(body))
    ]
    await conn.executemany(_SQL["insert chunk"], rows)


def _parameter(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value
