"""Two systems side by side: what one has got, to be held against the other."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import asyncpg

from tests.begun_command import BegunCommand, begin_command
from tests.runtime.operators import Operator

_MOVES = {"recorded_at", "updated_at", "entry_id"}
"""Columns that tell when and where a system got an event, not what it is."""
LOOK_S = 0.002
"""Often enough to come in the middle of a run; without a pause it would have a core to itself."""


async def log_bodies(operator: Operator) -> list[tuple[Any, ...]]:
    """Every event of the log, verbatim, by conversation in order."""
    return await operator.rows(
        "SELECT company_id, conversation_id, partition, position, event_id, type, version,"
        " body::text FROM runtime.event_log ORDER BY partition, position"
    )


async def read_models(database_url: str) -> dict[str, list[str]]:
    """All rows of all read models, as sorted JSON."""
    conn = await asyncpg.connect(database_url)
    names = await conn.fetch(
        "SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'projections'"
    )
    found = {}
    for name in sorted(row["name"] for row in names):
        rows = await conn.fetch(f"SELECT to_jsonb(t)::text AS row FROM projections.{name} AS t")
        told = [json.loads(row["row"]) for row in rows]
        kept = [{k: v for k, v in row.items() if k not in _MOVES} for row in told]
        found[name] = sorted(json.dumps(row, sort_keys=True) for row in kept)
    await conn.close()
    return found


def start(operator: Operator, *words: str) -> BegunCommand:
    """A command of which the test decides how it ends."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(operator.folder),
        "USER": "ana",
        "SUPABASE_DB_URL": operator.database_url,
        "REDIS_URL": operator.redis_url,
    }
    return begin_command(words, environ=environ, folder=operator.folder)


def stop_once(
    process: BegunCommand, reached: Callable[[], bool], how: signal.Signals
) -> tuple[int, str]:
    """Send a signal as soon as a condition holds, or let it end before; its code and errors."""
    while process.poll() is None and not reached():
        time.sleep(LOOK_S)
    if process.poll() is None:
        process.send_signal(how)
    _, err = process.communicate()
    assert b"Traceback" not in err, err.decode()
    return process.wait(), err.decode()
