"""Lifts old payloads to the current version, one step at a time.

An upcaster is a pure function from the payload of version n to that of version n + 1, as JSON
values. It never fails on a payload that was valid in its version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""(type, version it reads) → its lift to the next version."""


def lift(
    type_: str,
    version: int,
    payload: dict[str, Any],
    *,
    current: int,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> dict[str, Any]:
    """The payload in the shape of `current`.

    Raises:
        LookupError: a step is missing; a test holds that none is.
    """
    for step in range(version, current):
        try:
            payload = upcasters[type_, step](payload)
        except KeyError:
            raise LookupError(f"no upcaster from {type_} version {step}") from None
    return payload
