"""The consumer groups: one module of this folder each, found by its name `GROUP`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from projections.group import ConsumerGroup


def _declared() -> tuple[ConsumerGroup, ...]:
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").GROUP for name in names)


ALL: tuple[ConsumerGroup, ...] = _declared()
"""Every declared group, by its module's name."""


def group_named(name: str) -> ConsumerGroup:
    """The group of that name.

    Raises:
        LookupError: there is none; the message lists those there are.
    """
    for group in ALL:
        if group.name == name:
            return group
    raise LookupError(f"no group {name!r}; there are {', '.join(g.name for g in ALL)}")
