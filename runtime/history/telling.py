"""A past state as JSON and as lines for people."""

from __future__ import annotations

from typing import Any

from events.envelope import RecordedEvent
from runtime.explaining.rendering import one_line
from runtime.history.as_of import By, Past, Stop
from runtime.history.moments import Moment

DEFAULT_BY: By = "recorded_at"


def as_object(past: Past, moment: Moment, by: By) -> dict[str, Any]:
    """What the moment adds to the object of `conversations show --json`."""
    told: dict[str, Any] = {
        **past.others,
        "as_of": {
            "time": moment.at,
            "event_id": moment.event_id,
            "by": by if moment.event_id is None else "position",
            "place": None if past.last is None else place(past.last),
        },
        "event_count": past.events,
        "stopped": [_stop(stop) for stop in past.stops],
    }
    if past.listed is not None:
        told["events"] = [listed(recorded) for recorded in past.listed]
    return told


def lines(past: Past, moment: Moment, by: By) -> list[str]:
    """The moment, what made the state, and which read models stand still; each one line."""
    if moment.event_id is not None:
        when = f"as of event {moment.event_id}"
    else:
        clock = "" if by == DEFAULT_BY else f" by {by}"
        when = f"as of {moment.at:%Y-%m-%d %H:%M:%S.%fZ}{clock}"
    if past.last is None:
        first = f"; its first is of {past.first_at:%Y-%m-%d %H:%M:%S.%fZ}" if past.first_at else ""
        return [f"{when}: no event of it yet{first}"]
    told = f"{when}: made of {past.events} events, the last at place {place(past.last)}"
    return [told, *(_stop_line(stop) for stop in past.stops)]


def place(recorded: RecordedEvent) -> str:
    """Partition and position."""
    return f"{recorded.partition}:{recorded.position}"


def listed(recorded: RecordedEvent) -> dict[str, Any]:
    """An event of a list."""
    return {
        "recorded_at": recorded.recorded_at.isoformat(timespec="milliseconds"),
        "type": recorded.event.type,
        "id": str(recorded.event.id),
        "place": place(recorded),
    }


def _stop(stop: Stop) -> dict[str, Any]:
    return {
        "read_model": stop.read_model,
        "event_id": stop.event.event.id,
        "type": stop.event.event.type,
        "place": place(stop.event),
        "reason": stop.reason,
        "detail": stop.detail,
        "followers": stop.followers,
    }


def _stop_line(stop: Stop) -> str:
    event = stop.event.event
    return one_line(
        f"stopped: {stop.read_model} stands still before {event.type} {event.id} at "
        f"{place(stop.event)} ({stop.reason}: {stop.detail}), {stop.followers} events wait behind it"
    )
