"""What Postgres' own program says of a schema: an oracle that knows nothing of rebuilds."""

from __future__ import annotations

import asyncio
import re
import subprocess

from runtime.embedded.binaries import postgres_bin


async def dump_of(database_url: str, *schemas: str) -> list[str]:
    """The definitions of all that is in these schemas, without rows, in an order of their own."""
    command = [str(postgres_bin() / "pg_dump"), "--schema-only", "--no-sync"]
    command += [f"--schema={schema}" for schema in schemas]
    done = await asyncio.to_thread(
        subprocess.run, [*command, database_url], capture_output=True, text=True, check=True
    )
    blocks = re.split(
        r"\n--\n-- Name: [^\n]*\n--\n", re.sub(r"\\(un)?restrict \S+", "", done.stdout)
    )
    return sorted(block.strip() for block in blocks[1:])
