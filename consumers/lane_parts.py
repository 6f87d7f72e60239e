"""What all lanes of a member share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from consumers.catch_up import CatchUp
from consumers.decoded_once import Decode
from consumers.engine_settings import EngineSettings
from consumers.group import ConsumerGroup
from consumers.leases import Leases
from consumers.observer import Observer
from consumers.parking import Parking
from consumers.recovery import Recovery
from consumers.spread import Spread
from consumers.stream import GroupStreams
from consumers.stream_watch import StreamWatch
from consumers.transaction import BatchTransactions


@dataclass(frozen=True, slots=True)
class LaneParts:
    """Made once a member."""

    group: ConsumerGroup
    streams: GroupStreams
    watch: StreamWatch
    recovery: Recovery
    leases: Leases
    transactions: BatchTransactions
    catch_up: CatchUp
    parking: Parking
    detach: Callable[[str, str], Awaitable[bool]]
    """Takes a broken projection, by name and detail, out of the group."""
    settings: EngineSettings
    observer: Observer
    is_beside_work: Callable[[], bool]
    """Whether others are at work in the process."""
    spread: Spread
    decode: Decode

    @property
    def gather_s(self) -> float:
        """How long a lane rests now, where it has reason to."""
        beside_s = self.settings.gather_beside_work_s
        if beside_s is not None and self.is_beside_work():
            return beside_s
        return self.settings.gather_s
