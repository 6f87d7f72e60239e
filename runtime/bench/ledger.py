"""When each message was appended and when its answer came: the delays that are left of it. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.bench.world import Reply

Place = tuple[str, str]
"""(company_id, conversation_id)"""


@dataclass(frozen=True, slots=True)
class _Message:
    at_s: float
    is_counted: bool


class Ledger:
    """Delays beyond `expected_ms`, which is debounce and model together. Seconds are the system's clock.

    An answer covers what its conversation had sent by the time its burst was due; its delay counts
    from the last of these messages. By how much the model itself was late, on average, is no delay.
    """

    def __init__(self, *, debounce_ms: float, expected_ms: float) -> None:
        self._debounce_s = debounce_ms / 1000
        self._expected_ms = expected_ms
        self._open: dict[Place, deque[_Message]] = defaultdict(deque)
        self._delays: dict[str, list[float]] = defaultdict(list)
        self._late_ms, self._thoughts = 0.0, 0

    def appended(self, place: Place, at_s: float, *, is_counted: bool) -> None:
        """A message stands in its stream since `at_s`."""
        self._open[place].append(_Message(at_s, is_counted))

    def received(self, reply: Reply) -> None:
        """An answer came."""
        waiting = self._open[reply.company_id, reply.conversation_id]
        covered: _Message | None = None
        while waiting and waiting[0].at_s + self._debounce_s <= reply.at_s:
            covered = waiting.popleft()
        if covered is not None and covered.is_counted:
            delay_ms = (reply.at_s - covered.at_s) * 1000 - self._expected_ms
            self._delays[reply.company_id].append(delay_ms)

    def thought(self, late_ms: float) -> None:
        """The model answered so much later than it was to."""
        self._late_ms += late_ms
        self._thoughts += 1

    def delays_ms(self, *companies: str) -> list[float]:
        """Of the companies' counted messages, in the order of the answers."""
        late_ms = self._late_ms / max(1, self._thoughts)
        return [delay - late_ms for company in companies for delay in self._delays[company]]

    def unanswered(self, *companies: str) -> int:
        """How many counted messages still wait."""
        return sum(message.is_counted for message in self._waiting(companies))

    def waiting(self, *companies: str) -> int:
        """How many messages still wait, counted or not."""
        return sum(1 for _ in self._waiting(companies))

    def _waiting(self, companies: tuple[str, ...]) -> Iterator[_Message]:
        for (company, _), messages in self._open.items():
            if company in companies:
                yield from messages
