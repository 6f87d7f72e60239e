"""Lets so many through at once, and where others wait, everybody for whom work is done in turn.

Work is done for a beneficiary, a company say, which `on_behalf_of` names for everything that is
awaited inside. Who waits behind another's crowd is let through before the rest of the crowd.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_beneficiary: ContextVar[str] = ContextVar("beneficiary", default="")


@contextmanager
def on_behalf_of(beneficiary: str) -> Iterator[None]:
    """What is awaited inside, and tasks that are made inside, work for it; '' is nobody's work."""
    token = _beneficiary.set(beneficiary)
    try:
        yield
    finally:
        _beneficiary.reset(token)


class Turnstile:
    """Has `places`, for so many at once.

    A free one goes to the beneficiary that has the fewest, of those with as few to the one that
    waits for the longest since it was last let through, and there to the first comer. So none is
    passed over for ever, and one alone may have all places.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._inside: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def enter(self) -> str:
        """Take a place, when there is one; for whom, as `leave` wants it."""
        who = _beneficiary.get()
        if self._free and not self._waiting:
            self._take(who)
            return who
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                # Let through at the same moment: the place goes to the next one.
                self.leave(who)
            else:
                self._forget(who, place)
            raise
        return who

    def leave(self, who: str) -> None:
        """Give the place back."""
        self._free += 1
        self._inside[who] -= 1
        if not self._inside[who]:
            del self._inside[who]
        self._let_through()

    def _take(self, who: str) -> None:
        self._free -= 1
        self._inside[who] += 1

    def _let_through(self) -> None:
        while self._free and self._waiting:
            # In the order in which they were let through last: `min` takes the first of equals.
            who = min(self._waiting, key=lambda waiting: self._inside[waiting])
            queue = self._waiting[who]
            place = queue.popleft()
            if queue:
                self._waiting.move_to_end(who)
            else:
                del self._waiting[who]
            if not place.done():
                place.set_result(None)
                self._take(who)

    def _forget(self, who: str, place: asyncio.Future[None]) -> None:
        queue = self._waiting.get(who)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._waiting[who]
