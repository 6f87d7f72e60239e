"""What processes took of the machine, as Linux tells it."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_UNITS_A_MIB = 1024**2 if sys.platform == "darwin" else 1024


def own_cpu_s() -> float:
    """Seconds that this process and its ended children computed."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak_memory_mib() -> float:
    """The most that this process or one of its ended children ever held.

    `ru_maxrss` of a process is that of whoever started it too, so its own comes from elsewhere where
    it can. Source: https://man7.org/linux/man-pages/man2/getrusage.2.html.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _UNITS_A_MIB
    return max(_own_peak_mib(), ended)


def _own_peak_mib() -> float:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_A_MIB


def postgres_cpu_s(backend_pid: int) -> float | None:
    """Seconds that the server's ended processes computed; None where it is not on this machine.

    A connection's process counts once it is closed.
    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html.
    """
    try:
        if "postgres" not in Path(f"/proc/{backend_pid}/comm").read_text():
            return None
        server = _stat(backend_pid)[1]
        fields = _stat(int(server))
    except (OSError, ValueError):
        return None
    return (int(fields[13]) + int(fields[14])) / _TICKS_A_SECOND


def _stat(pid: int) -> list[str]:
    """Fields of `/proc/<pid>/stat` from the third on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
