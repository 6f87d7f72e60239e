"""What `groups status --audit` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from runtime.cli.context import FAILED, Open
from runtime.cli.tables import say, show, show_json
from runtime.queries.conservation import OK, WRONG, Check, recount
from runtime.queries.stream_accounts import check_streams


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
    columns = ("check", "group", "part", "expected", "found", "state")
    show(_rows(checks), title="conservation", as_json=False, columns=columns, absent="—")
    for note in sorted({_note(check) for check in checks if check.note}):
        say(note)
    if wrong:
        say(f"{len(wrong)} of {len(checks)} checks do not add up")
    elif checks:
        say(f"everything adds up: {sum(check.state == OK for check in checks)} checks")
    else:
        say("no group has read anything yet")


def _note(check: Check) -> str:
    where = f"{check.group}/{check.projection}" if check.projection else check.group
    return f"{where}, partition {check.partition}: {check.check}: {check.note}"


def _rows(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """A row for all partitions where a check holds, one for each where it does not."""
    ordered = sorted(checks, key=_kind)
    rows = []
    for _, same in groupby(ordered, key=_kind):
        partitions = list(same)
        for state in dict.fromkeys(check.state for check in partitions):
            alike = [check for check in partitions if check.state == state]
            rows += [_sum(alike)] if state == OK else [_sum([check]) for check in alike]
    return rows


def _kind(check: Check) -> tuple[str, str, str]:
    return check.group, check.projection or "", check.check


def _sum(checks: Sequence[Check]) -> dict[str, Any]:
    one = checks[0]
    return {
        "check": one.check,
        "group": f"{one.group}/{one.projection}" if one.projection else one.group,
        "part": f"all {len(checks)}" if len(checks) > 1 else one.partition,
        "expected": _total([check.expected for check in checks]),
        "found": _total([check.found for check in checks]),
        "state": one.state,
    }


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
