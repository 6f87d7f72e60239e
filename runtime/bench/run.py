"""Runs scenarios, and tells what they gave."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runtime.bench import consume, growth, idle, latency, memory, publish, rebuild, tenants, turns
from runtime.bench.figures import Figure, medians
from runtime.bench.ground import Ground
from runtime.bench.log_events import LogShape
from runtime.bench.machine import Machine, described
from runtime.bench.progress import Progress
from runtime.bench.rates import Rate, median_rates
from runtime.bench.servers import bench_servers
from runtime.embedded import EmbeddedServers
from runtime.settings import Settings

DELAYS: dict[str, Callable[[Ground], Awaitable[list[Figure]]]] = {
    turns.NAME: turns.run,
    tenants.NAME: tenants.run,
    latency.NAME: latency.run,
}
"""Scenarios that say how long something takes."""
RATES: dict[str, Callable[[Ground], Awaitable[list[Rate]]]] = {
    rebuild.NAME: rebuild.run,
    **{scenario.NAME: scenario.run for scenario in (consume, publish, idle, memory, growth)},
}
"""Scenarios that say how many events go through."""
QUICK = 1 / 6
"""The scale of `--quick`: ten seconds for a minute, a sixth of the events."""


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of every repetition, and their medians where there is more than one."""

    machine: Machine
    figures: list[Figure]
    rates: list[Rate] = field(default_factory=list)

    def rows(self) -> list[dict[str, Any]]:
        """One object a line, the machine in each."""
        told = [line.as_json() for line in self.figures]
        told += [line.as_json() for line in self.rates]
        return [{**line, "machine": asdict(self.machine)} for line in told]


async def run(
    settings: Settings,
    names: Sequence[str],
    *,
    folder: Path,
    progress: Progress,
    scale: float = 1.0,
    repeat: int = 1,
    log: LogShape = LogShape(),  # noqa: B008 - frozen
) -> Report:
    """Run the scenarios on the settings' servers, which must be empty, and are left so.

    Raises:
        NotEmpty, ServiceFailed, ProcessFailed, CorpusInvalid, TimeoutError: besides what the servers' clients raise.
    """
    async with bench_servers(settings) as servers:
        ground = Ground(settings, servers, folder, progress, scale, log)
        machine = await described(servers)
        figures: list[Figure] = []
        rates: list[Rate] = []
        for name in names:
            if name in DELAYS:
                runs = [await DELAYS[name](ground) for _ in range(repeat)]
                figures += [line for lines in runs for line in lines]
                figures += medians(runs) if repeat > 1 else []
            else:
                moved = [await RATES[name](ground) for _ in range(repeat)]
                rates += [line for lines in moved for line in lines]
                rates += median_rates(moved) if repeat > 1 else []
        return Report(machine, figures, rates)


@contextmanager
def own_servers(settings: Settings) -> Iterator[tuple[Settings, Path]]:
    """Private servers as `serve --embedded` has them, in a folder that is gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="agent-runtime-bench-") as folder,
        EmbeddedServers(Path(folder) / "servers") as servers,
    ):
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        yield settings.with_servers(**urls), Path(folder)


@contextmanager
def given_servers(settings: Settings) -> Iterator[tuple[Settings, Path]]:
    """The settings' own servers, with a folder for the rest."""
    with tempfile.TemporaryDirectory(prefix="agent-runtime-bench-") as folder:
        yield settings, Path(folder)
