"""Draws a schedule from a seed: pure, the same seed gives the same schedule."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.simulator.actions import (
    Cut,
    Delay,
    DestroyGroup,
    DropOwner,
    ExpireLease,
    Fault,
    Freeze,
    JumpClock,
    Kill,
    Moment,
    Publish,
    RestartPostgres,
    RestartRedis,
    Server,
    Step,
    Stop,
    Style,
    Trigger,
)

PARTITIONS = 4
LEASE_MS = 600
HORIZON_MS = 1500
_CONVERSATIONS = 10
_TYPES = ("message_received.text", "message.sent", "openai.call_completed")
_WORDS: tuple[tuple[Server, str, int], ...] = (
    ("redis", "XREADGROUP", 6),
    ("redis", "XACK", 4),
    ("redis", "XRANGE", 2),
    ("redis", "XPENDING", 2),
    ("postgres", "COMMIT", 4),
    ("postgres", "COPY", 3),
    ("postgres", "BEGIN", 3),
)
_STYLES: tuple[Style, ...] = ("reset", "close", "half_close", "mute", "deaf")
_MOMENTS: tuple[Moment, ...] = ("before", "sent", "answered")
_KINDS: dict[type[Fault], int] = {
    Kill: 6,
    Stop: 2,
    Freeze: 7,
    Cut: 8,
    Delay: 2,
    RestartRedis: 2,
    RestartPostgres: 2,
    ExpireLease: 3,
    DropOwner: 2,
    JumpClock: 2,
    DestroyGroup: 3,
}
_TRIGGERED = (Kill, Freeze, Cut, RestartRedis, RestartPostgres)


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """An event that will be published. `conversation` is "" for a company-wide one."""

    number: int
    company: str
    conversation: str
    type: str
    text: str
    day: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that is decided before a run."""

    seed: int
    workers: int
    lanes: int
    batch_events: int
    block_ms: int
    uvloop: bool
    durable_postgres: bool
    """False: Postgres acknowledges before it has written, and a crash loses its last commits."""
    events: tuple[PlannedEvent, ...]
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        head = (
            f"seed {self.seed}: {self.workers} workers, {self.lanes} lanes, batches of"
            f" {self.batch_events}, block {self.block_ms} ms, uvloop {self.uvloop},"
            f" durable Postgres {self.durable_postgres}, {len(self.events)} events"
        )
        lines = [head]
        for step in self.steps:
            when = "" if step.trigger is None else f"  when {step.trigger}"
            lines.append(f"  {step.at_ms:5} ms  {step.action}{when}")
        return "\n".join(lines)


def draw(seed: int) -> Schedule:
    """The schedule of a seed."""
    rng = Random(f"crash simulator {seed}")
    workers = rng.choice((2, 3, 3))
    events = _events(rng)
    stale = _stale_reader(rng, workers) if rng.random() < 0.5 else None
    lull = range(0) if stale is None else range(stale.at_ms - 60, stale.at_ms + LEASE_MS + 250)
    steps = _publishes(rng, len(events), lull)
    # Other faults would wake the stale reader, or take its place: they come when it has read.
    steps += _faults(rng, workers, after_ms=lull.stop and lull.stop + 150)
    steps += [] if stale is None else [stale]
    return Schedule(
        seed=seed,
        workers=workers,
        lanes=rng.choice((1, 2)),
        batch_events=rng.choice((3, 8, 100)),
        block_ms=rng.choice((400, 1500) if stale is None else (1500, 2000)),
        uvloop=rng.random() < 0.5,
        durable_postgres=rng.random() < 0.7,
        events=events,
        steps=tuple(sorted(steps, key=lambda step: step.at_ms)),
    )


def _events(rng: Random) -> tuple[PlannedEvent, ...]:
    places = [
        (rng.choice(("acme", "globex")), f"c-{rng.randrange(10_000)}")
        for _ in range(_CONVERSATIONS)
    ]
    places.append(("acme", ""))
    events = []
    for number in range(rng.randrange(40, 90)):
        company, conversation = rng.choice(places)
        type_ = rng.choice(_TYPES[:2]) if conversation else _TYPES[2]
        events.append(
            PlannedEvent(number, company, conversation, type_, f"text {number}", rng.randrange(3))
        )
    return tuple(events)


def _stale_reader(rng: Random, workers: int) -> Step:
    """A worker that is silent for longer than its lease, while nothing is published at first.

    Its read stays blocked in Redis: what is published afterwards is given to it although its
    partitions have another owner by then.
    """
    slot, for_ms = rng.randrange(workers), LEASE_MS + 500 + rng.randrange(300)
    silence: Fault = Freeze(slot, for_ms)
    if rng.random() < 0.3:
        silence = Cut(slot, "postgres", rng.choice(("mute", "deaf")), for_ms)
    return Step(rng.randrange(100, 300), silence)


def _publishes(rng: Random, events: int, lull: range) -> list[Step]:
    """All events in order, in batches over the whole run; then some again."""
    steps = []
    done = 0
    while done < events:
        size = min(events - done, rng.choice((1, 1, 2, 4, 8)))
        steps.append(Publish(tuple(range(done, done + size))))
        done += size
    open_times = [at for at in range(HORIZON_MS) if at not in lull]
    times = sorted(rng.choice(open_times) for _ in steps)
    # One straight away: somebody is then at work when the first fault comes.
    times[0] = 0
    published = [Step(at, publish) for at, publish in zip(times, steps, strict=True)]
    for _ in range(rng.randrange(1, 5)):
        original = rng.choice(published)
        at = rng.choice([at for at in open_times if at >= original.at_ms] or [original.at_ms])
        published.append(Step(at, original.action))
    return published


def _faults(rng: Random, workers: int, *, after_ms: int) -> list[Step]:
    steps: list[Step] = []
    kinds, weights = list(_KINDS), list(_KINDS.values())
    for _ in range(rng.randrange(4, 9)):
        kind = rng.choices(kinds, weights)[0]
        restarts = (RestartRedis, RestartPostgres)
        if kind in restarts and any(type(step.action) is kind for step in steps):
            continue
        action = _fault(rng, kind, workers)
        trigger = _trigger(rng, action) if isinstance(action, _TRIGGERED) else None
        # A long silence begins early, so that its partitions are worked on by others meanwhile.
        is_long = getattr(action, "for_ms", 0) > LEASE_MS
        steps.append(
            Step(
                after_ms
                + rng.randrange(300 if is_long and not after_ms else HORIZON_MS - after_ms),
                action,
                trigger,
            )
        )
    return steps


def _fault(rng: Random, kind: type[Fault], workers: int) -> Fault:
    slot, partition = rng.randrange(workers), rng.randrange(PARTITIONS)
    server: Server = rng.choice(("redis", "redis", "postgres"))
    short, down = rng.randrange(50, 300), rng.randrange(0, 300)
    silence = rng.choice((short, LEASE_MS + 250 + short))
    style = rng.choice(_STYLES)
    if silence > LEASE_MS and rng.random() < 0.75:
        # Cut off from its lease, but not from its streams.
        server, style = "postgres", rng.choice(("mute", "deaf"))
    made: dict[type[Fault], Fault] = {
        Kill: Kill(slot, down),
        Stop: Stop(slot, down),
        Freeze: Freeze(slot, silence),
        Cut: Cut(slot, server, style, silence),
        Delay: Delay(slot, server, rng.randrange(5, 80), 2 * short),
        RestartRedis: RestartRedis(down),
        RestartPostgres: RestartPostgres(rng.choice(("quit", "kill")), down),
        ExpireLease: ExpireLease(slot),
        DropOwner: DropOwner(partition),
        JumpClock: JumpClock(slot, rng.choice((-86_400.0, -5.0, 5.0, 86_400.0))),
        DestroyGroup: DestroyGroup(partition),
    }
    return made[kind]


def _trigger(rng: Random, action: Fault) -> Trigger | None:
    if rng.random() < 0.3:
        return None
    if isinstance(action, Freeze) and rng.random() < 0.5:
        # Whose read is blocked in Redis while it is frozen is given entries that are not its own.
        return Trigger("redis", "XREADGROUP", "sent")
    words = [w for w in _WORDS if not isinstance(action, Cut) or w[0] == action.server]
    server, word, _ = rng.choices(words, [weight for _, _, weight in words])[0]
    return Trigger(server, word, rng.choice(_MOMENTS))
