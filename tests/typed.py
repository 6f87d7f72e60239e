"""A command of a page, as somebody at a shell types it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.forked_command import Ended, run

_FOR_A_SHELL = frozenset("$`<>|&;*?~(){}[]#!\\\n=")


def typed(command: str, *, program: str, environ: Mapping[str, str], folder: Path) -> Ended:
    """Its end and all that it said.

    `program` is what the page calls ours. Where the rest are words that a shell would not change, it is
    forked, as all other commands of the tests are; everything else bash runs.
    """
    command = command.strip()
    if command.startswith(f"{program} ") and _FOR_A_SHELL.isdisjoint(command):
        return run(shlex.split(command)[1:], environ=environ, folder=folder)
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
