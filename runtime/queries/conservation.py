"""Recounting: does everything that was read stand where the accounts say it does?

The Postgres side is read in one snapshot. Redis is asked afterwards and still compared exactly:
an account (checkpoint) says what was read up to an entry, and what stands above that entry up to
the stream's end of one moment does not change while events flow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import asyncpg

from events.catalogue import CATALOGUE
from projections.fingerprints import makes_same_rows
from projections.registry import by_name
from projections.statements import statements

_SQL = statements("runtime.queries", "conservation.sql")
LOG_GROUP = "projections"
UNKNOWN = "unknown"

OK, WRONG, UNCHECKED, NOT_QUIET = "ok", "wrong", "not checked", "not quiet"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. `state` is `ok`, `wrong`, `not checked` or `not quiet`; `note` says why."""

    check: str
    group: str
    projection: str | None
    partition: int
    expected: int | None
    found: int | None
    state: str
    note: str = ""


def compared(
    check: str,
    group: str,
    partition: int,
    *,
    expected: int,
    found: int,
    projection: str | None = None,
) -> Check:
    """A check that holds when both numbers are equal."""
    state = OK if expected == found else WRONG
    return Check(check, group, projection, partition, expected, found, state)


@dataclass(frozen=True, slots=True)
class Recount:
    """The checks of Postgres, and the accounts to hold against Redis, of one snapshot."""

    checks: list[Check]
    accounts: list[asyncpg.Record]


async def recount(conn: asyncpg.Connection) -> Recount:
    """Count everything in Postgres again, in one snapshot; nothing is locked."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        groups = await conn.fetch(_SQL["groups"])
        log = {row["partition"]: row for row in await conn.fetch(_SQL["log"])}
        by_type = _counted(await conn.fetch(_SQL["log by type"]))
        counts = _counted(await conn.fetch(_SQL["event counts"]))
        projections = await conn.fetch(_SQL["projections"])
        filtered = await _filtered(conn, projections, by_type, log)
    checks = [check for row in groups for check in _group(row, log.get(row["partition"]))]
    checks += [check for row in projections for check in _projection(row, filtered)]
    checks += [
        _types(partition, by_type.get(partition, Counter()), counts.get(partition, Counter()))
        for partition in sorted(by_type.keys() | counts.keys())
    ]
    return Recount(checks, groups)


def _counted(rows: Iterable[asyncpg.Record]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["partition"], Counter())[row["type"]] += row["count"]
    return found


def _group(row: asyncpg.Record, log: asyncpg.Record | None) -> list[Check]:
    group, partition = row["group_name"], row["partition"]
    spent = row["applied"] + row["duplicate"] + row["dead"]
    checks = [
        compared(
            "read = applied + duplicate + dead", group, partition, expected=row["read"], found=spent
        ),
        compared(
            "applied = position", group, partition, expected=row["position"], found=row["applied"]
        ),
        compared(
            "dead = dead letters", group, partition, expected=row["dead"], found=row["dead_letters"]
        ),
    ]
    if group == LOG_GROUP:
        for name, column in (
            ("applied = rows of the log", "rows"),
            ("applied = last position", "position"),
            ("applied = event ids", "event_ids"),
        ):
            found = log[column] if log is not None else 0
            checks.append(compared(name, group, partition, expected=row["applied"], found=found))
    return checks


def _projection(row: asyncpg.Record, filtered: Mapping[tuple[str, int], int | None]) -> list[Check]:
    name, group, partition = row["name"], row["group_name"], row["partition"]
    spent = row["applied"] + row["filtered"] + row["parked"] + row["discarded"]
    checks = [
        compared(
            "position = applied + filtered + parked + discarded",
            group,
            partition,
            expected=row["position"],
            found=spent,
            projection=name,
        ),
        compared(
            "parked = parked rows",
            group,
            partition,
            expected=row["parked"],
            found=row["parked_rows"],
            projection=name,
        ),
    ]
    if group == LOG_GROUP:
        check = "filtered = types it does not read"
        found = filtered.get((name, partition))
        if found is None:
            note = "the code here is not that of the installed version"
            checks.append(
                Check(check, group, name, partition, row["filtered"], None, UNCHECKED, note)
            )
        else:
            checks.append(
                compared(
                    check, group, partition, expected=row["filtered"], found=found, projection=name
                )
            )
    return checks


async def _filtered(
    conn: asyncpg.Connection,
    rows: Iterable[asyncpg.Record],
    by_type: Mapping[int, Counter[str]],
    log: Mapping[int, asyncpg.Record],
) -> dict[tuple[str, int], int | None]:
    """How many events up to its position each projection does not read; None: not this code's."""
    found: dict[tuple[str, int], int | None] = {}
    behind: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        name, partition = row["name"], row["partition"]
        reads = _reads(name, row["fingerprint"])
        last = log[partition]["position"] if partition in log else 0
        if reads is None or row["group_name"] != LOG_GROUP:
            found[name, partition] = None
        elif row["position"] == last:
            types = by_type.get(partition, Counter())
            found[name, partition] = sum(n for type_, n in types.items() if type_ not in reads)
        else:
            behind.setdefault(name, []).append((partition, row["position"]))
    for name, places in behind.items():
        wanted = [list(column) for column in zip(*places, strict=True)]
        for row in await conn.fetch(_SQL["not read"], *wanted, sorted(by_name(name).reads)):
            found[name, row["partition"]] = row["count"]
    return found


def _reads(name: str, installed: str) -> frozenset[str] | None:
    try:
        projection = by_name(name)
    except LookupError:
        return None
    return projection.reads if makes_same_rows(projection, installed) else None


def _types(partition: int, log: Counter[str], counts: Counter[str]) -> Check:
    """The counters behind `domain_events_total`.

    A type that an older build did not know was counted as `unknown` by it, and stays so.
    """
    check = "event counts = log by type"
    known: Counter[str] = Counter()
    for type_, count in log.items():
        known[type_ if type_ in CATALOGUE else UNKNOWN] += count
    wrong = sum(abs(known[type_] - counts[type_]) for type_ in known.keys() | counts.keys())
    late = sum(max(0, known[t] - counts[t]) for t in known if t != UNKNOWN)
    only_late = wrong == 2 * late and counts[UNKNOWN] - known[UNKNOWN] == late
    expected, found = known.total(), counts.total()
    if not wrong:
        return compared(check, LOG_GROUP, partition, expected=expected, found=found)
    if only_late:
        note = f"{late} were counted as unknown by an older build"
        return Check(check, LOG_GROUP, None, partition, expected, found, OK, note)
    apart = sorted(t for t in known.keys() | counts.keys() if known[t] != counts[t])
    note = "; ".join(f"{t}: {known[t]} in the log, {counts[t]} counted" for t in apart[:3])
    return Check(check, LOG_GROUP, None, partition, expected, found, WRONG, note)
