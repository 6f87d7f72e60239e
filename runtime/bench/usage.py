"""What processes took of the machine, as Linux tells it."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
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


def cpu_of_s(pids: Iterable[int]) -> float | None:
    """Seconds that these living processes computed; None where the system does not tell."""
    try:
        return sum(_computed_s(pid) for pid in pids)
    except (OSError, ValueError):
        return None


def postgres_in_all_s(backend_pid: int) -> float | None:
    """Seconds that the server's processes computed, living and ended; None where it is elsewhere."""
    ended_s = postgres_cpu_s(backend_pid)
    if ended_s is None:
        return None
    living_s = 0.0
    for pid in children_of(int(_stat(backend_pid)[1])):
        # One that has just ended is among the ended ones the next time.
        with suppress(OSError, ValueError):
            living_s += _computed_s(pid)
    return ended_s + living_s


def children_of(pid: int) -> list[int]:
    """Its living children; none where the system does not tell."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


def memory_mib(pids: Iterable[int]) -> float | None:
    """What these processes hold of the machine's memory now; None where the system does not tell."""
    return _summed((f"/proc/{pid}/status" for pid in pids), "VmRSS:", 1 / 1024)


def switches(pids: Iterable[int]) -> float | None:
    """How often their threads have gone to sleep, and been woken up; None as above."""
    tasks = (path for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/status"))
    return _summed(tasks, "voluntary_ctxt_switches:", 1)


def calls(pids: Iterable[int]) -> float | None:
    """How many times they have read and written; None as above.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_io.5.html.
    """
    paths = [f"/proc/{pid}/io" for pid in pids]
    read, written = _summed(paths, "syscr:", 1), _summed(paths, "syscw:", 1)
    return None if read is None or written is None else read + written


def _summed(paths: Iterable[str | Path], name: str, factor: float) -> float | None:
    found: list[float] = []
    for path in paths:
        with suppress(OSError):
            lines = Path(path).read_text().splitlines()
            found += [float(line.split()[1]) for line in lines if line.startswith(name)]
    return sum(found) * factor if found else None


def _computed_s(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _stat(pid: int) -> list[str]:
    """Fields of `/proc/<pid>/stat` from the third on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
