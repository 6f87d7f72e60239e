"""What can be wrong with handing the log on.

ExportError
├── TargetRefused     wrong use: the target cannot be written like this; nothing was touched
├── PlaceUnusable     where an earlier run stopped is known no more, or does not fit the log
├── TakenOver         another run writes the same target
└── EventRefused      asked to stop at an event that `publish` would refuse; `.refusal`
"""

from __future__ import annotations

from runtime.exporting.state import Refusal


class ExportError(Exception):
    """Base of everything that this package raises on purpose."""


class TargetRefused(ExportError):
    """The target cannot be written like this; the text says what to do."""


class PlaceUnusable(ExportError):
    """The place of an earlier run is damaged, or is not one of this log."""


class TakenOver(ExportError):
    """Another run writes to the same target."""


class EventRefused(ExportError):
    """An event that `publish` would refuse, where that was asked to be the end."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"the event {refusal.event_id} cannot be published: {refusal.why}")
        self.refusal = refusal
