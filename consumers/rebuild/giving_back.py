"""What an undo took to catch it up goes back to where it is kept, should the undo not be finished."""

from __future__ import annotations

from consumers.leased import Connection
from projections.statements import filled, statements

_SQL = statements("consumers.rebuild", "giving_back.sql")


def kept_schema(name: str) -> str:
    """Where a read model's replaced tables are."""
    return f"replaced_{name}"


async def give_back(conn: Connection, scratch: str) -> None:
    """Put what the run in this schema took for an undo back, as far as it is caught up.

    Nothing where the run is no undo, took nothing yet, or has swapped.
    """
    for row in await conn.fetch(filled(_SQL["undone"], scratch=scratch)):
        places = {"scratch": scratch, "kept": kept_schema(row["name"])}
        for table in await conn.fetch(_SQL["tables"], scratch):
            await conn.execute(filled(_SQL["give back"], **places, table=table["name"]))
            view = table["name"].rpartition("_v")[0]
            await conn.execute(filled(_SQL["give view back"], **places, view=view))
        checkpoints = filled(_SQL["checkpoints as they are now"], **places)
        await conn.execute(checkpoints, row["name"])
        await conn.execute(filled(_SQL["parked as they are now"], **places))
