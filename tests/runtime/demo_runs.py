"""The demo as a newcomer runs it, and its output read as conversations."""

from __future__ import annotations

import fcntl
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.forked_command import run

HEAD = re.compile(r"\(conversation ((\w+)-[0-9a-f]{8})\)$")


@dataclass(frozen=True)
class Shown:
    """A conversation as it was shown: `said` and `why` are its lines, unwrapped."""

    id: str
    said: list[tuple[str, str]]
    why: list[str]


@dataclass(frozen=True)
class Run:
    """One run of the demo, 100 columns wide."""

    folder: Path
    code: int
    lines: list[str]
    errors: str

    def conversation(self, customer: str) -> Shown:
        """The one of this customer."""
        start = next(n for n, line in enumerate(self.lines) if f"(conversation {customer}-" in line)
        found = HEAD.search(self.lines[start])
        assert found is not None, self.lines[start]
        said: list[tuple[str, str]] = []
        why: list[str] = []
        for line in self.lines[start + 1 :]:
            if not line.strip():
                break
            begun = re.match(r"  \d\d:\d\d:\d\d  (.{9})  (.*)", line)
            if begun:
                said.append((begun[1].strip(), begun[2].strip()))
            elif line.startswith(" " * 23) and not why:
                said[-1] = (said[-1][0], f"{said[-1][1]} {line.strip()}")
            else:
                why.append(line.strip())
        return Shown(found[1], said, why)


def run_demo(folder: Path, **variables: str) -> Run:
    """Run it in a directory."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "100", **variables}
    done = run(["demo"], environ=environ, folder=folder)
    return Run(folder, done.code, done.out.decode().splitlines(), done.err.decode())


def shared_runs(shared: Path) -> list[Run]:
    """The demo, twice in the same directory; whoever comes second takes what the first saw.

    A key in the environment must change nothing there, and neither must switched-off workers.
    """
    given = {"DISABLE_WORKERS": "true", "OPENAI_API_KEY": "sk-canary"}
    shared.mkdir(exist_ok=True)
    kept = shared / "runs.json"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            folder = shared / "folder"
            folder.mkdir()
            runs = [run_demo(folder, **given) for _ in range(2)]
            kept.write_text(json.dumps([[r.code, r.lines, r.errors] for r in runs]))
        return [Run(shared / "folder", *run) for run in json.loads(kept.read_text())]
