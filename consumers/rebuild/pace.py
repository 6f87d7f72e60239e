"""How fast a rebuild may go beside live traffic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from consumers.rebuild.plan import RebuildSettings

_LONGEST_REST_S = 5.0


@dataclass(frozen=True, slots=True)
class LiveLook:
    """How the live group does: whether nobody works for it, and how old its oldest unread entry is.

    `lag_s` is None where it is not known.
    """

    alone: bool
    lag_s: float | None


Look = Callable[[], Awaitable[LiveLook]]


async def nobody_lives() -> LiveLook:
    """A look where there is no live group."""
    return LiveLook(alone=True, lag_s=0.0)


class Pace:
    """Lets work through for a share of the time: 1.0 all of it, 0.0 none."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._may_go = asyncio.Event()
        self._may_go.set()
        self._share = 1.0

    @property
    def share(self) -> float:
        """Of the time."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share
        if share > 0:
            self._may_go.set()
        else:
            self._may_go.clear()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A stretch of work; the rest that it costs is taken afterwards."""
        await self._may_go.wait()
        began = self._clock()
        yield
        if 0 < self._share < 1:
            rest_s = (self._clock() - began) * (1 / self._share - 1)
            await asyncio.sleep(min(rest_s, _LONGEST_REST_S))


def share_after(look: LiveLook, settings: RebuildSettings) -> float:
    """The share of the time that filling may use, as the live group does."""
    if look.alone:
        return 1.0
    if look.lag_s is not None and look.lag_s > settings.max_lag_s / 2:
        return 0.0
    return settings.share
