"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done."""

from __future__ import annotations

import asyncio
import selectors

START_S = 1000.0


class _Skipping(selectors.DefaultSelector):
    """Waits for no time to pass; it notes how much would have."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select()
        ready = super().select(0)
        if not ready:
            self.skipped_s += max(0.0, timeout)
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """For what does no I/O: sleeps cost nothing, and come in the order of their ends."""

    def __init__(self) -> None:
        self._waiting = _Skipping()
        super().__init__(self._waiting)

    def time(self) -> float:
        return START_S + self._waiting.skipped_s
