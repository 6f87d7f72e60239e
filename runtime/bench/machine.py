"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runtime.bench.servers import BenchServers


@dataclass(frozen=True, slots=True)
class Machine:
    """`cores` are those that this process may use; `memory_gib` is None where it is not told."""

    at: str
    cpu: str
    cores: int
    memory_gib: float | None
    system: str
    python: str
    redis: str
    postgres: str

    def __str__(self) -> str:
        memory = "" if self.memory_gib is None else f", {self.memory_gib:.0f} GiB"
        return (
            f"{self.at}: {self.cpu}, {self.cores} cores{memory}, {self.system}\n"
            f"Python {self.python}, {self.redis}, {self.postgres}"
        )


async def described(servers: BenchServers) -> Machine:
    """This machine and the servers."""
    redis, postgres = await servers.versions()
    return Machine(
        datetime.now(UTC).isoformat(timespec="minutes"),
        _cpu(),
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        _memory_gib(),
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
        redis,
        f"PostgreSQL {postgres}",
    )


def load_average() -> float | None:
    """Runnable processes in the last minute, on average."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _cpu() -> str:
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / 1024**2
    return None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
