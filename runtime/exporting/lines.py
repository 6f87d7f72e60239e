"""Events as lines of a file that `publish` reads."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.exporting.state import Logged

_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def as_lines(events: Sequence[Logged]) -> tuple[bytes, int]:
    """One body a line, and how many of them had line breaks.

    A line break in a body stands between two tokens of its JSON, never in a text; it becomes a
    space, which changes the bytes, not the value. All else is verbatim.
    """
    bodies = [event.body.translate(_ONE_LINE) for event in events]
    one_lined = sum(body != event.body for body, event in zip(bodies, events, strict=True))
    return b"".join(body + b"\n" for body in bodies), one_lined
