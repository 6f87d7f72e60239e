"""Commands whose modules are loaded when they are asked for: one is quick to start, and `serve` small.

Source: https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class OnDemand(MutableMapping[str, Any]):
    """Commands by name, in the order of `places`: of each the module, whose attribute has its name.

    The attribute, with `_` for `-`, is a function or a group of commands.
    """

    def __init__(self, places: dict[str, str]) -> None:
        self._places = places
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _loaded(name, self._places[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places.setdefault(name, "")
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


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
        own = self.commands
        self.commands = OnDemand({**dict.fromkeys(own, ""), **self.places})
        self.commands.update(own)
