"""What commands that change something share: who acts, the preview, the confirmation, the audit."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
import typer

from projections.migrate import Database
from projections.statements import statements
from runtime.cli.context import WRONG_USE, fail
from runtime.cli.tables import Columns, say, show

_SQL = statements("runtime.queries", "audit.sql")
_SHOWN = 10

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show what would be done; write nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Actor = Annotated[
    str | None, typer.Option("--as", help="Who asks for this, for the audit; beside the account.")
]


def actor(name: str | None) -> str:
    """The account and the host, after the name that was given."""
    account = os.environ.get("USER") or f"uid {os.getuid()}"
    where = f"{account}@{socket.gethostname()}"
    return f"{name} ({where})" if name else where


async def audit(
    conn: Database, action: str, *, by: str, arguments: Mapping[str, Any], affected: int
) -> None:
    """Write who did what into `runtime.audit_log`, in the caller's transaction."""
    given = {key: value for key, value in arguments.items() if value not in (None, False)}
    told = orjson.dumps(given, default=str).decode()
    await conn.execute(_SQL["write"], by, action, told, affected)


def preview(rows: Sequence[Mapping[str, Any]], *, title: str, columns: Columns) -> None:
    """Show the first of what a command is about to touch."""
    show(
        rows[:_SHOWN],
        title=title,
        as_json=False,
        columns=columns,
        whole=("conversation",),
        absent="-",
    )
    if len(rows) > _SHOWN:
        say(f"… and {len(rows) - _SHOWN} more")


def must_be_askable(*, yes: bool, dry_run: bool) -> None:
    """End with exit 2 where nobody can be asked: no terminal and no --yes."""
    if not (yes or dry_run or sys.stdin.isatty()):
        fail("this cannot be undone: confirm with --yes, or look with --dry-run", code=WRONG_USE)


def confirm(question: str, *, yes: bool) -> bool:
    """Whether to go on: --yes, or the answer of the person at the terminal."""
    return yes or typer.confirm(question)
