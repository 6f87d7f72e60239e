"""A command's modules are loaded when it is asked for, and not before: `serve` needs none of the others'."""

from __future__ import annotations

import subprocess
import sys

import typer

from runtime.cli import app

_SERVE = """
import sys, typer, runtime.cli
typer.main.get_command(runtime.cli.app).commands["serve"]
import runtime.serve
print(*sorted(name for name in sys.modules if name.startswith("runtime.")))
"""


def test_serve_loads_no_other_command() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _SERVE], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(run.stdout.split())

    assert "runtime.serve" in loaded
    assert {name for name in loaded if name.startswith("runtime.cli.")} == {
        "runtime.cli.context",
        "runtime.cli.on_demand",
        "runtime.cli.tables",
    }
    others = ("bench", "demo", "explaining", "exporting", "history", "rebuilding")
    assert not {name for name in loaded if name.split(".")[1] in others}


def test_commands_are_named_before_they_are_loaded() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    names = list(commands)

    assert names[:3] == ["serve", "migrate", "demo"]
    assert "replay" in commands
    assert "replai" not in commands
    assert commands.get("replai") is None
    assert len(commands) == len(names) == len(set(names))
    assert [commands[name].name for name in names] == names
