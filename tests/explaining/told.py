"""How an explanation is told; `python -m tests.explaining.told` writes the golden files anew."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
from rich.console import Console

from runtime.explaining.as_json import objects
from runtime.explaining.explain import explain
from runtime.explaining.rendering import tree
from runtime.explaining.values import Explanation
from tests.explaining.story import everything

TREE = Path(__file__).parent / "golden" / "everything.txt"
LINES = TREE.with_suffix(".jsonl")


def printed(explanation: Explanation, *, width: int = 200) -> str:
    """As a pipe of that width gets it."""
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(tree(explanation))
    return out.getvalue()


def json_lines(explanation: Explanation) -> str:
    """As `--json` gives it."""
    return "".join(orjson.dumps(one).decode() + "\n" for one in objects(explanation))


if __name__ == "__main__":
    whole = explain(everything().recorded())
    TREE.write_text(printed(whole), encoding="utf-8")
    LINES.write_text(json_lines(whole), encoding="utf-8")
