"""Commands whose modules are loaded when they are asked for: one is quick to start, and `serve` small.

Source: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperGroup


class OnDemand(Mapping[str, Any]):
    """Commands by name: those that stand, then those at `places`, which are the names of modules.

    There an attribute has the command's name, with `_` for `-`: a function or a group of commands.
    """

    def __init__(self, standing: Mapping[str, Any], places: Mapping[str, str]) -> None:
        self._loaded = dict(standing)
        self._places = places
        self._names = (*standing, *places)

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _loaded(name, self._places[name])
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _loaded(name: str, module: str) -> Any:
    found = getattr(import_module(module), name.replace("-", "_"))
    # As one command or group of an application: with typer's own rules of names and help.
    application = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    if isinstance(found, typer.Typer):
        application.add_typer(found, name=name)
    else:
        application.command(name)(found)
    return typer.main.get_group(application).commands[name]


class GroupOnDemand(TyperGroup):
    """A group that has the commands at `places` besides its own, behind them."""

    places: ClassVar[dict[str, str]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Typer's own type may be added to, which nobody does once a group is made.
        self.commands = cast("MutableMapping[str, Any]", OnDemand(self.commands, self.places))
