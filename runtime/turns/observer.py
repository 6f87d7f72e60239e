"""What turns tell of themselves: the port of metrics and logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from runtime.agent.context import Inbound
from runtime.channels.port import Sent
from runtime.turns.claims import Claim


class TurnObserver(Protocol):
    """Is told of turns after their transactions. Must not raise, nor wait."""

    def opened(self, claim: Claim, burst: Sequence[Inbound]) -> None:
        """A burst was closed; its turn is thought about."""

    def ended(self, claim: Claim, outcome: str, reason: str, took_s: float) -> None:
        """A turn is over, `took_s` after it was claimed by this worker."""

    def replied(self, claim: Claim, after_s: float, overhead_s: float) -> None:
        """The first part is out, `after_s` after the burst's first message came.

        `overhead_s` is what the turn took beside the thinker's and the channel's time.
        """

    def part_settled(self, claim: Claim, part: int, sent: Sent) -> None:
        """A channel answered for a part of an answer, or did not."""

    def failed(self, claim: Claim, error: str, wait_s: float) -> None:
        """A turn failed and is tried again."""

    def lost(self, claim: Claim) -> None:
        """Another worker has the turn by now."""

    def ticked(self, worker: str) -> None:
        """A worker's tick went through."""

    def tick_failed(self, worker: str, error: str) -> None:
        """A worker's tick failed; the next one comes."""
