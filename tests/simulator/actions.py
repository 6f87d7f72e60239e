"""What a schedule is made of: publishes and faults, as plain values. Times in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Server = Literal["redis", "postgres"]
Style = Literal["reset", "close", "half_close", "mute", "deaf"]
Moment = Literal["before", "sent", "answered"]


@dataclass(frozen=True, slots=True)
class Publish:
    """Append these events, in this order; a number that was appended before is a duplicate."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL a worker; another one starts in its place after `down_ms`."""

    slot: int
    down_ms: int


@dataclass(frozen=True, slots=True)
class Stop:
    """SIGTERM a worker, which hands over; another one starts `down_ms` after the signal."""

    slot: int
    down_ms: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """SIGSTOP a worker, SIGCONT after `for_ms`: above the lease, its partitions move meanwhile."""

    slot: int
    for_ms: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Break a worker's connections to a server.

    `reset` and `close` end them (RST, FIN); `half_close` ends the server's direction while the
    worker's bytes still arrive. `mute` swallows the answers and `deaf` the requests, of new
    connections too, for `for_ms`; then they are reset: above the lease, partitions move meanwhile.
    """

    slot: int
    server: Server
    style: Style
    for_ms: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Every answer of the server to the worker comes `by_ms` late, for `for_ms`."""

    slot: int
    server: Server
    by_ms: int
    for_ms: int


@dataclass(frozen=True, slots=True)
class RestartRedis:
    """SIGKILL Redis (AOF, fsync always) and start it on the same data after `down_ms`."""

    down_ms: int


@dataclass(frozen=True, slots=True)
class RestartPostgres:
    """Crash PostgreSQL by SIGQUIT or SIGKILL, start it on the same data after `down_ms`."""

    how: Literal["quit", "kill"]
    down_ms: int


@dataclass(frozen=True, slots=True)
class ExpireLease:
    """Let a worker's membership run out by hand; it heart-beats again and finds others owning."""

    slot: int


@dataclass(frozen=True, slots=True)
class DropOwner:
    """Take a partition from its owner by hand."""

    partition: int


@dataclass(frozen=True, slots=True)
class JumpClock:
    """The worker's wall clock is `by_s` seconds off from now on."""

    slot: int
    by_s: float


@dataclass(frozen=True, slots=True)
class DestroyGroup:
    """XGROUP DESTROY on a partition's stream."""

    partition: int


Fault = (
    Kill
    | Stop
    | Freeze
    | Cut
    | Delay
    | RestartRedis
    | RestartPostgres
    | ExpireLease
    | DropOwner
    | JumpClock
    | DestroyGroup
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """The proxy sees `word` in what any worker sends to `server`.

    `before`: the server has not got the bytes; `sent`: it has, and the answer is withheld;
    `answered`: the answer has left the server and has not reached the worker. A fault of one worker
    befalls the one that sent the word.
    """

    server: Server
    word: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens `at_ms`; with a trigger at its first occurrence after that.

    A trigger that does not come within `TRIGGER_WITHIN_MS` is not waited for any longer.
    """

    at_ms: int
    action: Publish | Fault
    trigger: Trigger | None = None


TRIGGER_WITHIN_MS = 400
