"""Which options of `agent-runtime replay` belong together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import typer

from runtime.cli.context import WRONG_USE, fail

_SELECT = frozenset({"--company", "--conversation", "--type", "--from", "--until", "--by"})
_READ_MODELS = frozenset({"--projection", "--all"})
_PACE = frozenset({"--workers", "--share", "--max-lag"})
_TOLD = frozenset({"--fail-fast", "--as", "--json", "--yes"})


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something that the command does: the options that ask for it, and those that it takes besides."""

    asked_by: frozenset[str]
    takes: frozenset[str]
    name: str


_REBUILD = _Deed(
    _READ_MODELS,
    _SELECT | _PACE | _TOLD | {"--dry-run", "--fail-on-change", "--keep-old", "--undo"},
    "--projection and --all",
)
_UNDO = _Deed(_READ_MODELS, _PACE | _TOLD | {"--undo", "--keep-old"}, "--undo")
_TRY = _Deed(_READ_MODELS, _SELECT | _PACE | _TOLD | {"--dry-run", "--fail-on-change"}, "--dry-run")
_FILE = _Deed(
    frozenset({"--to-file"}),
    _SELECT | _TOLD | {"--rate", "--overwrite", "--restart", "--dry-run"},
    "--to-file",
)
_STREAM = _Deed(
    frozenset({"--to-stream"}),
    _SELECT | _TOLD | {"--rate", "--max-len", "--restart", "--dry-run"},
    "--to-stream",
)
_ABANDON = _Deed(frozenset({"--abandon"}), frozenset({"--as", "--yes"}), "--abandon")
_WHY = {
    ("--undo", "--dry-run"): "an undo can itself be undone",
    ("--to-stream", "--overwrite"): "a stream is appended to",
}


def given_options(context: typer.Context) -> set[str]:
    """The options that stand on the command line, by their long names."""
    found = set()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            found.add(parameter.opts[0])
    return found


def check_together(given: Collection[str]) -> None:
    """End with exit 2 unless exactly one thing is asked for, with options that it takes."""
    asked = [
        option
        for deed in (_REBUILD, _FILE, _STREAM, _ABANDON)
        for option in sorted(deed.asked_by)
        if option in given
    ]
    if len(asked) != 1:
        told = f", not {' and '.join(asked)} together" if asked else ""
        fail(
            "give one of --projection NAME, --all, --to-file FILE, --to-stream KEY, "
            f"--abandon{told}",
            code=WRONG_USE,
        )
    deed = _deed(given)
    for option in sorted(given):
        if option not in deed.takes | deed.asked_by:
            why = _WHY.get((deed.name, option))
            fail(f"{option}: not with {deed.name}{f': {why}' if why else ''}", code=WRONG_USE)
    _check_pairs(given)


def _deed(given: Collection[str]) -> _Deed:
    for option, deed in (("--undo", _UNDO), ("--dry-run", _TRY)):
        if option in given and _READ_MODELS & set(given):
            return deed
    return next(d for d in (_REBUILD, _FILE, _STREAM, _ABANDON) if d.asked_by & set(given))


def _check_pairs(given: Collection[str]) -> None:
    if "--fail-on-change" in given and "--dry-run" not in given:
        fail("--fail-on-change: only with --dry-run", code=WRONG_USE)
    if "--by" in given and not {"--from", "--until"} & set(given):
        fail("--by: only with --from or --until", code=WRONG_USE)
    narrowed = sorted(_SELECT & set(given) - {"--by"})
    if "--keep-old" in given and narrowed:
        fail(
            f"--keep-old: not with {narrowed[0]}, which replaces rows and no table: nothing is "
            "kept of them, and the same replay makes them again",
            code=WRONG_USE,
        )
