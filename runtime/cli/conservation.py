"""What `groups status --audit` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from runtime.cli.context import FAILED, Open
from runtime.cli.tables import say, show, show_json
from runtime.queries.conservation import OK, WRONG, Check, recount
from runtime.queries.stream_accounts import check_streams

_SHOWN = 50


async def audit_conservation(open_: Open, *, as_json: bool) -> int:
    """Recount everything and show each check; returns 1 when something does not add up."""
    counted = await recount(open_.db)
    checks = counted.checks + await check_streams(
        open_.db, open_.redis, counted.accounts, open_.settings.stream_prefix
    )
    wrong = [check for check in checks if check.state == WRONG]
    if as_json:
        show_json([{"kind": "check", **asdict(check)} for check in checks])
    else:
        _print(checks, wrong)
    return FAILED if wrong else 0


def _print(checks: Sequence[Check], wrong: Sequence[Check]) -> None:
    show(_summed(checks), title="conservation", as_json=False, absent="—")
    if wrong:
        told = [_told(check) for check in wrong[:_SHOWN]]
        show(told, title="does not add up", as_json=False, absent="—")
    for note in _notes(checks):
        say(note, prose=True)
    if wrong:
        say(f"{len(wrong)} of {len(checks)} checks do not add up")
    elif checks:
        say(f"everything adds up: {sum(check.state == OK for check in checks)} checks")
    else:
        say("no group has read anything yet")


def _notes(checks: Sequence[Check]) -> list[str]:
    """Each remark once, with the partitions that it is about."""
    partitions: dict[tuple[str, str, str], list[int]] = {}
    for check in checks:
        if check.note:
            partitions.setdefault((_of(check), check.check, check.note), []).append(check.partition)
    return [
        f"{of}: {check}: {note} (partition {', '.join(map(str, sorted(found)))})"
        for (of, check, note), found in partitions.items()
    ]


def _of(check: Check) -> str:
    return f"{check.group}/{check.projection}" if check.projection else check.group


def _told(check: Check) -> dict[str, Any]:
    return {
        "group": _of(check),
        "partition": check.partition,
        "check": check.check,
        "expected": check.expected,
        "found": check.found,
    }


def _summed(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """A row for each check of a group or projection, over its partitions."""
    rows = []
    for _, same in groupby(sorted(checks, key=_kind), key=_kind):
        partitions = list(same)
        states = Counter(check.state for check in partitions)
        rows.append(
            {
                "group": _of(partitions[0]),
                "check": partitions[0].check,
                "expected": _total([check.expected for check in partitions]),
                "found": _total([check.found for check in partitions]),
                "partitions": ", ".join(f"{count} {state}" for state, count in states.items()),
            }
        )
    return rows


def _kind(check: Check) -> tuple[str, str, str]:
    return check.group, check.projection or "", check.check


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
