"""When what is done again and again comes next: all at once, so that an idle process wakes once."""

from __future__ import annotations

_SOON = 0.25


def until_next_s(every_s: float, now_s: float) -> float:
    """Seconds until the next whole multiple of a period, by a clock that all share.

    One that would come within a quarter of the period is left out, so none comes twice.
    """
    wait_s = every_s - now_s % every_s
    return wait_s if wait_s > every_s * _SOON else wait_s + every_s
