"""Where the rows that stand are not those that this build would make, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import asyncpg

from projections.fingerprints import PREFIX, fingerprint, makes_same_rows
from projections.projection import Projection
from projections.registry import ALL, is_built_from_log
from projections.statements import statements

Database = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

_SQL = statements("projections", "drift.sql")


class DriftKind(StrEnum):
    """How a projection and this build differ."""

    CODE_CHANGED = "code_changed"
    """Its code changed and its version did not: it is fed, and holds rows of both codes."""
    OTHER_VERSION = "other_version"
    """It stands in another version than this build's: it is readable, and this build does not feed it."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One projection's finding. `command` mends it; None where no command does.

    `asks` says whether somebody has to do something; else it is good to know.
    """

    projection: str
    kind: DriftKind
    problem: str
    command: str | None
    asks: bool = True

    def told(self) -> str:
        """The problem with its remedy, in one line."""
        return f"{self.problem}: run {self.command}" if self.command else self.problem


async def drifts(conn: Database) -> list[Drift]:
    """What differs now, in the order of the declared projections. Changes nothing."""
    standing = {row["name"]: row for row in await conn.fetch(_SQL["standing"])}
    return [
        drift
        for projection in ALL
        if (row := standing.get(projection.name)) is not None
        for drift in _of(projection, row["version"], row["fingerprint"])
    ]


async def adopt(conn: Database) -> None:
    """Replace fingerprints of the first algorithm by the present one's, where the rows are the same."""
    standing = {row["name"]: row for row in await conn.fetch(_SQL["standing"])}
    for projection in ALL:
        row = standing.get(projection.name)
        if row is None or row["version"] != projection.version:
            continue
        recorded = row["fingerprint"]
        if not recorded.startswith(PREFIX) and makes_same_rows(projection, recorded):
            present = fingerprint(projection)
            await conn.execute(
                _SQL["adopt"], projection.name, projection.version, recorded, present
            )


def _of(projection: Projection, version: int, recorded: str) -> Iterator[Drift]:
    if version != projection.version:
        yield _other_version(projection, version)
    elif not makes_same_rows(projection, recorded):
        yield _code_changed(projection)


def _code_changed(projection: Projection) -> Drift:
    changed = f"the code of {projection.name} changed, its version ({projection.version}) did not"
    if is_built_from_log(projection):
        told = f"{changed}, and it holds rows of both"
        return Drift(projection.name, DriftKind.CODE_CHANGED, told, _replay(projection))
    told = (
        f"{changed}: rows made before stay as the earlier code made them, because a work queue is not "
        "built from the event log; there is nothing to run"
    )
    return Drift(projection.name, DriftKind.CODE_CHANGED, told, None, asks=False)


def _other_version(projection: Projection, standing: int) -> Drift:
    name, ours = projection.name, projection.version
    told = f"{name} stands in version {standing}, this build has {ours}"
    command = None
    if not is_built_from_log(projection):
        told += f": its group waits for the build that has version {standing}"
    elif standing > ours:
        told += ": it stays readable, and the builds that have its version feed it, not this one"
    else:
        told += ", and it stays readable as it stands until the new version is installed"
        command = _replay(projection)
    return Drift(name, DriftKind.OTHER_VERSION, told, command)


def _replay(projection: Projection) -> str:
    return f"agent-runtime replay --projection {projection.name}"
