"""The tutorial, followed line by line in an empty directory."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.forked_command import COMMAND, Ended
from tests.typed import typed

PAGE = Path(__file__).parent.parent.parent / "docs" / "tutorial" / "first-steps.md"
SERVE = "./run serve --embedded"
SAYS = {
    "./run demo": "Now live, without any key",
    "curl": '"status":"ok"',
    "./run groups status": "caught up",
    "./run companies list": "sorriso-leve",
    "./run companies show": "Lia, da recepção",
    "./run events show": "message_received.text",
    "./run conversations show": "A limpeza completa custa R$ 220,00.",
    "./run conversations explain": "replied: answered_from_knowledge",
}
"""What a command shows in the end: it is asked again until it does, as a reader would."""
BREAKS = "./run publish broken.json"
DEADLINE_S = 60.0
_AGAIN_S = 0.2


def commands() -> list[str]:
    """In the page's order; a here-document goes with its command."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r"[^\n]*<<END\n.*?\nEND(?=\n)|[^\n]+", "".join(blocks), re.DOTALL)


class Reader:
    """Somebody at a shell."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        self.folder = folder
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PORT": self.port,
            "HOST": "127.0.0.1",
        }
        run = folder / "run"
        run.write_text(f'#!/bin/sh\nexec {COMMAND} "$@"\n')
        run.chmod(0o755)

    def types(self, command: str) -> Ended:
        """One command; the page's port is the default one, which may be taken here."""
        given = command.replace("localhost:5000", f"127.0.0.1:{self.port}")
        return typed(given, program="./run", environ=self.environ, folder=self.folder)

    def follows(self, command: str) -> None:
        """Type it until it shows what the page says."""
        wanted = next((text for start, text in SAYS.items() if command.startswith(start)), "")
        until = time.monotonic() + DEADLINE_S
        while True:
            done = self.types(command)
            if done.code == 0 and wanted in " ".join(done.out.decode().split()):
                return
            again = wanted and not command.startswith("./run demo")
            assert again, (command, done)
            assert time.monotonic() < until, (command, done)
            time.sleep(_AGAIN_S)

    @contextmanager
    def second_terminal(self) -> Iterator[None]:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {SERVE}"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path) -> None:
    reader, given = Reader(tmp_path), commands()
    assert len(given) == 13
    assert all(any(one.startswith(start) for one in given) for start in SAYS)
    beside = given.index(SERVE)

    for command in given[:beside]:
        reader.follows(command)
    with reader.second_terminal():
        for command in given[beside + 1 : given.index(BREAKS)]:
            reader.follows(command)
        broken = reader.types(BREAKS)
        assert broken.code == 2
        assert b"company_id" in broken.out + broken.err
        assert b"published" not in broken.out
