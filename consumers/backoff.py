"""How long to wait before the next attempt."""

from __future__ import annotations

import random


class Backoff:
    """Doubling waits with full jitter between half and the whole, bounded; seconds.

    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    def __init__(self, *, initial_s: float, max_s: float) -> None:
        self._initial_s = initial_s
        self._max_s = max_s
        self.attempt = 0

    def next_s(self) -> float:
        """The wait after one more failure."""
        wait = min(self._max_s, self._initial_s * 2.0 ** min(self.attempt, 30))
        self.attempt += 1
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """Forget the failures after a success."""
        self.attempt = 0
