"""Runs seeds: `python -m tests.simulator [--seed N | --seeds A-B] [--mutant NAME]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.simulator.arena import Arena
from tests.simulator.run import run_seed
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
    parser.add_argument("--show", action="store_true", help="print the schedules, run nothing")
    parser.add_argument("--logs", action="store_true", help="print what the workers said")
    parser.add_argument("-x", "--stop-at-first", action="store_true", help="stop at a failure")
    options = parser.parse_args()
    if options.show:
        for seed in options.seeds:
            print(draw(seed))
        return 0
    began, injected, failed = time.monotonic(), Counter[str](), []
    with (
        tempfile.TemporaryDirectory(prefix="agent-runtime-simulator-", dir="/tmp") as directory,
        Arena(Path(directory)) as arena,
    ):
        for seed in options.seeds:
            result = asyncio.run(run_seed(arena, seed, mutant=options.mutant))
            injected += result.injected
            print(result, flush=True)
            if result.failures:
                failed.append(seed)
            if options.stop_at_first and failed:
                break
            if options.logs:
                print("\n".join(result.logs), flush=True)
    print(f"{len(options.seeds)} seeds in {time.monotonic() - began:.1f} s, failed: {failed}")
    print(", ".join(f"{name} {count}" for name, count in sorted(injected.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
