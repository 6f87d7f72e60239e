"""Runs seeds: `python -m tests.simulator [--seed N | --seeds A-B] [--mutant NAME]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulator.campaign import Campaign, arenas
from tests.simulator.run import Result
from tests.simulator.schedule import draw


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", dest="seeds", type=_seeds, help="one seed")
    which.add_argument("--seeds", type=_seeds, help="seeds A-B, both included", default=range(25))
    parser.add_argument("--mutant", help="plant a defect; the simulator must find it")
    parser.add_argument("--arenas", type=int, default=2, help="seeds at a time")
    parser.add_argument("--show", action="store_true", help="print the schedules, run nothing")
    parser.add_argument("--logs", action="store_true", help="print what the workers said")
    parser.add_argument("-x", "--stop-at-first", action="store_true", help="stop at a failure")
    options = parser.parse_args()
    if options.show:
        for seed in options.seeds:
            print(draw(seed))
        return 0
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="agent-runtime-simulator-", dir="/tmp") as directory,
        arenas(Path(directory), min(options.arenas, len(options.seeds))) as places,
    ):
        campaign = _Told(
            places,
            options.seeds,
            mutant=options.mutant,
            stop_at_first=options.stop_at_first,
            with_logs=options.logs,
        )
        asyncio.run(campaign.run())
    failed = sorted(result.schedule.seed for result in campaign.failed)
    took_s = time.monotonic() - began
    print(f"{len(campaign.results)} seeds in {took_s:.1f} s, failed: {failed or 'none'}")
    injected = sum((result.injected for result in campaign.results), Counter[str]())
    print(", ".join(f"{name} {count}" for name, count in sorted(injected.items())))
    return 1 if failed else 0


class _Told(Campaign):
    """Prints each seed as it ends."""

    def __init__(self, *args: Any, with_logs: bool, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._with_logs = with_logs

    def ended(self, result: Result) -> None:
        super().ended(result)
        print(result.told() if self._with_logs else result, flush=True)


if __name__ == "__main__":
    sys.exit(main())
