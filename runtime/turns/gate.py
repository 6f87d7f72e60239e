"""The one gate that everything which goes out passes, pure: what stands decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.agent.reasons import Reason
from runtime.companies.config import Channel


@dataclass(frozen=True, slots=True)
class Standing:
    """A conversation as it stands under its lock. `waited_ms` counts from the burst's first message."""

    owner: str
    opted_out: bool
    last_inbound_at: datetime | None
    is_written_to: bool
    """The customer wrote again since the turn was closed."""
    is_begun: bool
    """A part of the answer is out already."""
    waited_ms: float
    now: datetime


@dataclass(frozen=True, slots=True)
class Go:
    """Send it."""


@dataclass(frozen=True, slots=True)
class Supersede:
    """Drop the answer and run the turn again, over all of the burst."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """Send neither this nor what follows it in the turn."""

    reason: Reason


Verdict = Go | Supersede | Suppress


def silence_of(
    owner: str,
    *,
    opted_out: bool,
    last_inbound_at: datetime | None,
    now: datetime,
    channel: Channel,
) -> Reason | None:
    """Why nothing may be said in a conversation; None when something may."""
    if owner == "closed":
        return Reason.CONVERSATION_CLOSED
    if owner == "human":
        return Reason.HUMAN_OWNS
    if opted_out:
        return Reason.OPTED_OUT
    if channel.window_hours is not None and (
        last_inbound_at is None or now - last_inbound_at > timedelta(hours=channel.window_hours)
    ):
        return Reason.CHANNEL_WINDOW_CLOSED
    return None


def verdict(standing: Standing, channel: Channel, *, max_wait_ms: int) -> Verdict:
    """What the gate says of the next part.

    A newer message supersedes the answer, but not past `max_wait_ms`, and not once a part is out:
    then the rest is suppressed, and the next turn covers only what is newer.
    """
    reason = silence_of(
        standing.owner,
        opted_out=standing.opted_out,
        last_inbound_at=standing.last_inbound_at,
        now=standing.now,
        channel=channel,
    )
    if reason is not None:
        return Suppress(Reason.HUMAN_TOOK_OVER if reason is Reason.HUMAN_OWNS else reason)
    if standing.is_written_to and standing.is_begun:
        return Suppress(Reason.NEWER_INBOUND)
    if standing.is_written_to and standing.waited_ms < max_wait_ms:
        return Supersede()
    return Go()
