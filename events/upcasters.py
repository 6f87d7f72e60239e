"""Lifts old payloads to the current version, one step at a time.

An upcaster is a pure function from the payload of version n to that of version n + 1, as JSON
values. It never fails on a payload that was valid in its version: attributes that its version does
not know may be there too, under the new version's names and with any value, and mean nothing.
It is a function of this module by name, because a read model's fingerprint covers it. Its docstring
says what changed; the events' page shows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.ASCII)


def rag_query_names_its_duration(payload: dict[str, Any]) -> dict[str, Any]:
    """`ms` is called `duration_ms`."""
    lifted = {name: value for name, value in payload.items() if name != "ms"}
    lifted["duration_ms"] = payload["ms"]
    return lifted


def message_failed_has_a_code(payload: dict[str, Any]) -> dict[str, Any]:
    """The free text `reason` is a code `reason` and a text `detail`.

    A code is taken only where it stands alone or before a colon, like `131026: undeliverable`; any
    other text becomes the `detail` as it is, without a `reason`: nothing is guessed and nothing lost.
    """
    lifted = {name: value for name, value in payload.items() if name not in {"reason", "detail"}}
    text = payload.get("reason")
    if text is None:
        return lifted
    code, colon, rest = text.partition(":")
    if _CODE.fullmatch(code) is None:
        return {**lifted, "detail": text}
    return (
        {**lifted, "reason": code, "detail": rest.strip()} if colon else {**lifted, "reason": code}
    )


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("message.failed", 1): message_failed_has_a_code,
    ("rag.retrieved", 1): rag_query_names_its_duration,
    ("rag.no_match", 1): rag_query_names_its_duration,
    ("rag.failed", 1): rag_query_names_its_duration,
}
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
