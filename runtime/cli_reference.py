"""The reference page of all commands, `docs/reference/cli.md`; `python -m runtime.cli_reference`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from runtime.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"


def text() -> str:
    """The page: every command with its help, arguments and options."""
    root = typer.main.get_command(app)
    head = "# Commands\n\nExit codes: 0 done, 1 failed, 2 wrong use. Generated from the code.\n"
    return head + "".join(_sections(root, "agent-runtime"))


def _sections(command: Any, name: str) -> list[str]:
    children = getattr(command, "commands", None)
    if children:
        return [s for key in sorted(children) for s in _sections(children[key], f"{name} {key}")]
    lines = [f"\n## `{name}`\n\n{(command.help or '').strip()}\n"]
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        lines += ["\n| argument or option | meaning | default |\n|---|---|---|\n", *rows]
    return lines


def _row(parameter: Any) -> str:
    options = [o for o in parameter.opts if o.startswith("-")]
    name = ", ".join(f"`{o}`" for o in options) or f"`{(parameter.name or '').upper()}`"
    default = parameter.default
    shown = (
        f"`{default}`" if isinstance(default, int | float | str) and default is not False else "-"
    )
    return f"| {name} | {getattr(parameter, 'help', None) or ''} | {shown} |\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
