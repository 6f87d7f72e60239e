"""What the server's headers say about waiting.

Durations are written `6m0s`, `1h2m3.5s`, `20ms`. All results are seconds from now.

Source: https://platform.openai.com/docs/guides/rate-limits (rate limits in headers), RFC 9110 10.2.3
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from runtime.http_dates import seconds_until

RESOURCES = ("requests", "tokens")

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
_SECONDS = {
    "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one resource, and in how many seconds it is whole again."""

    remaining: int | None
    reset_s: float | None


def duration_s(text: str) -> float | None:
    """The seconds that `6m0s` or a bare number stands for; None where it is neither."""
    text = text.strip()
    if (number := _number(text)) is not None:
        return number
    parts = _PART.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def allowances(headers: Mapping[str, str]) -> dict[str, Allowance]:
    """By resource, as far as the headers tell. Header names in lower case."""
    found = {}
    for resource in RESOURCES:
        remaining = _number(headers.get(f"x-ratelimit-remaining-{resource}", ""))
        reset_s = duration_s(headers.get(f"x-ratelimit-reset-{resource}", ""))
        if remaining is not None or reset_s is not None:
            found[resource] = Allowance(None if remaining is None else int(remaining), reset_s)
    return found


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """How long the server asks to wait, by `retry-after-ms` or else `retry-after`."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after", "")
    asked = _number(given)
    return seconds_until(given, now=now) if asked is None else asked


def reset_s(headers: Mapping[str, str]) -> float | None:
    """When to try again after a 429 that asks for no pause: at the reset of what is used up.

    Where something remains of everything, less remains than the request needs: then the last reset.
    """
    known = [one for one in allowances(headers).values() if one.reset_s is not None]
    used_up = [one for one in known if not one.remaining]
    return max((one.reset_s or 0.0 for one in used_up or known), default=None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) else None
