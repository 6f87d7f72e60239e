"""Many seeds, as many at a time as there are arenas."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.simulator.arena import Arena
from tests.simulator.run import Result, run_seed


@contextmanager
def arenas(directory: Path, count: int = 2) -> Iterator[list[Arena]]:
    """Arenas side by side. A seed waits more than it computes: two fill two cores."""
    with ExitStack() as stack:
        folders = [directory / f"arena-{number}" for number in range(count)]
        for folder in folders:
            folder.mkdir()
        yield [stack.enter_context(Arena(folder)) for folder in folders]


class Campaign:
    """Runs seeds over arenas. `results` grows in the order in which seeds end."""

    def __init__(
        self,
        places: Sequence[Arena],
        seeds: Sequence[int],
        *,
        mutant: str | None = None,
        stop_at_first: bool = False,
    ) -> None:
        self._places = places
        self._seeds = iter(seeds)
        self._mutant = mutant
        self._stop_at_first = stop_at_first
        self.results: list[Result] = []

    @property
    def failed(self) -> list[Result]:
        """Of the seeds that ended, those in which something was wrong."""
        return [result for result in self.results if result.failures]

    async def run(self) -> None:
        """Until no seed is left, or one has failed and that is enough."""
        async with asyncio.TaskGroup() as tasks:
            for place in self._places:
                tasks.create_task(self._work(place))

    async def _work(self, place: Arena) -> None:
        for seed in self._seeds:
            self.ended(await run_seed(place, seed, mutant=self._mutant))
            if self._stop_at_first and self.failed:
                return

    def ended(self, result: Result) -> None:
        """A seed's run is over."""
        self.results.append(result)
