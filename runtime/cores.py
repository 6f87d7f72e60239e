"""How many processors there are for us, and how many processes are worth having on them."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_MOST_PROCESSES = 4
"""Each has Postgres connections of its own: who wants more says so."""


def usable_cores(quota: Path = _QUOTA) -> int:
    """Processors that this process may run on, at least 1; a part of one that it may use counts whole.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files (`cpu.max`)
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has none
        cores = os.cpu_count() or 1
    return max(1, min(cores, _allowed_cores(quota) or cores))


def default_processes() -> int:
    """One a processor, at most 4."""
    return min(usable_cores(), _MOST_PROCESSES)


def _allowed_cores(quota: Path) -> int | None:
    """What the container is given; None where there is no bound, or none that is told."""
    try:
        most_us, period_us = quota.read_text().split()
        return ceil(int(most_us) / int(period_us))
    except (OSError, ValueError, ZeroDivisionError):
        return None
