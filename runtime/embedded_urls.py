"""Where the embedded servers of this directory listen, for commands run beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

_FILE = "urls.json"


@contextmanager
def announced(directory: Path, *, database_url: str, redis_url: str) -> Iterator[None]:
    """Leave the URLs in `directory` while the servers run."""
    file = directory / _FILE
    told = {"SUPABASE_DB_URL": database_url, "REDIS_URL": redis_url, "pid": os.getpid()}
    file.write_bytes(orjson.dumps(told))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def announced_urls(directory: Path) -> dict[str, str]:
    """`SUPABASE_DB_URL` and `REDIS_URL` of servers that run now; {} when none do."""
    try:
        told = orjson.loads((directory / _FILE).read_bytes())
        os.kill(told["pid"], 0)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {name: told[name] for name in ("SUPABASE_DB_URL", "REDIS_URL")}
