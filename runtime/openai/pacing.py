"""When the next request may go out, by what the server said with the last ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from runtime.openai.rate_headers import allowances


class Pacing:
    """One credential set's allowance. Times are seconds of the caller's clock."""

    def __init__(self) -> None:
        self._used_up_until_s: dict[str, float] = {}
        self._not_before_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long to hold the next request back; 0 when it may go."""
        until = max(self._used_up_until_s.values(), default=0.0)
        return max(0.0, until - now_s, self._not_before_s - now_s)

    def heard(self, headers: Mapping[str, str], now_s: float) -> None:
        """Take in the headers of an answer: nothing remains of a resource until its reset."""
        for resource, allowance in allowances(headers).items():
            if allowance.remaining is None:
                continue
            if allowance.remaining > 0:
                self._used_up_until_s.pop(resource, None)
            elif allowance.reset_s is not None:
                self._used_up_until_s[resource] = now_s + allowance.reset_s

    def told_to_wait(self, seconds: float, now_s: float) -> None:
        """The server asked for a pause: it holds for every request of the set."""
        self._not_before_s = max(self._not_before_s, now_s + seconds)
