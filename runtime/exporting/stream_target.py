"""A Redis stream that gets each event once, whatever dies in between.

    KEY              the stream: one entry an event, its only field `event` the body, verbatim
    {KEY}:replay     a hash: the run that writes, how many it sent, and the state to go on from

Entries and place are written by one script, which Redis carries out as a whole. So an event is sent
twice or lost only where Redis itself forgets what it confirmed (a crash without `appendfsync
always`, a failover); then it forgets place and entries together, unless they were lost apart. A KEY
with a hash tag keeps it: the hash of `for:{reports}` is `for:{reports}:replay`.

Source: https://redis.io/docs/latest/develop/programmability/eval-intro/ (atomicity)
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import NoScriptError
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from consumers.redis_clients import RedisClient
from consumers.selection import Selection
from events.publisher import TRANSIENT
from runtime.exporting.errors import PlaceUnusable, TakenOver, TargetRefused
from runtime.exporting.state import Logged, State
from runtime.exporting.target import MOST

_CLAIM = """
local held = redis.call('HGET', KEYS[1], 'run') or ''
if held == ARGV[2] then return 'ok' end
if held ~= ARGV[1] then return 'taken' end
redis.call('HSET', KEYS[1], 'run', ARGV[2], 'sent', ARGV[3], 'state', ARGV[4])
return 'ok'
"""
_SEND = """
local held = redis.call('HMGET', KEYS[2], 'run', 'sent')
if not held[1] then return 'gone' end
if held[1] ~= ARGV[1] then return 'taken' end
if held[2] == ARGV[3] then return 'ok' end
if held[2] ~= ARGV[2] then return 'went back' end
local most = tonumber(ARGV[4])
if most > 0 and redis.call('XLEN', KEYS[1]) + #ARGV - 5 > most then return 'full' end
for i = 6, #ARGV do redis.call('XADD', KEYS[1], '*', 'event', ARGV[i]) end
redis.call('HSET', KEYS[2], 'sent', ARGV[3], 'state', ARGV[5])
return 'ok'
"""
_FORGET = """
if redis.call('HGET', KEYS[1], 'run') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 'ok'
"""
_TAG = re.compile(r"[^{}]*\{[^{}]+\}[^{}]*")
_LONGEST = 200
_FULL_WAIT_S = 0.5


class StreamTarget:
    """Sends to one stream, one batch in flight.

    `max_len` waits while the stream would hold more; 0 never does. Nothing is trimmed.
    """

    def __init__(
        self,
        redis: RedisClient,
        key: str,
        *,
        run: str,
        max_len: int = 0,
        restart: bool = False,
        sleep: Callable[[float], Awaitable[None]],
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        self._redis = redis
        self.key = key
        self.place = place_key(key)
        self._run = run
        self._max_len = max_len
        self._restart = restart
        self._sleep = sleep
        self._on_full = on_full
        self._held = ""
        self._state: State | None = None

    @property
    def most(self) -> int:
        """How many events one write takes."""
        return min(MOST, self._max_len or MOST)

    @property
    def state(self) -> State:
        """What of the selection was sent; before `begin` there is none."""
        if self._state is None:
            raise RuntimeError("not begun")
        return self._state

    @property
    def has_begun(self) -> bool:
        """Whether `begin` went through."""
        return self._state is not None

    async def entries(self) -> int:
        """How many entries stand at the key.

        Raises:
            TargetRefused: the key holds something else than a stream.
        """
        kind = _text(await self._redis.type(self.key))
        if kind not in {"stream", "none"}:
            raise TargetRefused(f"{self.key} holds a {kind}, not a stream: choose another key")
        return int(await self._redis.xlen(self.key))

    async def found(self, selection: Selection) -> State | None:
        """Where an earlier run stopped; see `Target`."""
        await self.entries()
        held, raw = await self._redis.hmget(self.place, ["run", "state"])
        self._held = _text(held or b"")
        if raw is None or self._restart:
            return None
        try:
            known = State.from_json(_text(raw).encode())
        except ValueError as error:
            raise PlaceUnusable(f"{self.place} is damaged: --restart begins anew") from error
        if not known.is_of(selection):
            raise TargetRefused(
                f"{self.key} has got a part of another selection: give the options it was begun "
                "with to go on with it, or --restart to begin anew"
            )
        return known

    async def begin(self, state: State) -> None:
        """Go on from the state; see `Target`.

        Raises:
            TakenOver: another run began meanwhile.
        """
        given = (self._held, self._run, str(state.events), state.to_json())
        if await self._carried_out(_CLAIM, [self.place], *given) != "ok":
            raise TakenOver(f"another run has just begun to write {self.key}")
        self._state = state

    async def write(self, events: Sequence[Logged], state: State) -> None:
        """Send events; see `Target`. Waits while the stream is full.

        Raises:
            TakenOver: another run goes on with it.
            PlaceUnusable: Redis has lost the place.
        """
        after = state.after(events)
        given: tuple[bytes | str, ...] = (
            *(self._run, str(state.events), str(after.events), str(self._max_len)),
            after.to_json(),
            *(event.body for event in events),
        )
        while (said := await self._sent(after, given)) == "full":
            self._on_full()
            await self._sleep(_FULL_WAIT_S)
        if said == "gone":
            raise PlaceUnusable(
                f"{self.place} is gone, so what {self.key} has got is known no more: look at the "
                "stream, delete it and begin anew"
            )
        if said == "went back":
            raise PlaceUnusable(
                f"Redis has lost what it had confirmed of {self.key}: the same command goes on from "
                "what it kept"
            )
        if said != "ok":
            raise TakenOver(f"another run goes on with {self.key}")

    async def pause(self) -> None:
        """Nothing to do: the place stands beside what was sent."""

    async def finish(self) -> None:
        """Nothing to do before `forget`."""

    async def forget(self) -> None:
        """Drop the place of a run that is told and done."""
        await self._carried_out(_FORGET, [self.place], self._run)

    async def _sent(self, after: State, given: Sequence[bytes | str]) -> str:
        """Send once; a cancellation waits for the answer, so that the state tells all that went."""
        sending = asyncio.create_task(
            self._carried_out(_SEND, [self.key, self.place], *given), name="replay-send"
        )
        try:
            said = await asyncio.shield(sending)
        except asyncio.CancelledError:
            if await sending == "ok":
                self._state = after
            raise
        if said == "ok":
            self._state = after
        return said

    async def _carried_out(self, script: str, keys: list[str], *given: bytes | str) -> str:
        """What the script says. Tried again after a lost answer: each is harmless twice."""
        sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        answer: Any = None
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TRANSIENT),
            stop=stop_after_attempt(5),
            wait=wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                try:
                    answer = await self._redis.evalsha(sha, len(keys), *keys, *given)
                except NoScriptError:
                    answer = await self._redis.eval(script, len(keys), *keys, *given)
        return _text(answer)


def check_key(key: str, *, prefix: str) -> None:
    """Whether events may be sent to a key, before anything is asked of Redis.

    Raises:
        TargetRefused: not a key for this, or one of this runtime's own.
    """
    if not 0 < len(key) <= _LONGEST or not key.isprintable() or " " in key:
        raise TargetRefused(f"a key is 1 to {_LONGEST} printable characters without spaces")
    if key.startswith(f"{prefix}:"):
        raise TargetRefused(
            f"{key} is this runtime's own: the events are in its log already, and would have no "
            "effect again. Choose another key; for another runtime, --to-file and `publish` there"
        )
    if ("{" in key or "}" in key) and _TAG.fullmatch(key) is None:
        raise TargetRefused(f"{key}: braces must hold one hash tag, like reports:{{eu}}")


def place_key(key: str) -> str:
    """The hash beside a stream, in the same cluster slot."""
    return f"{key}:replay" if "{" in key else f"{{{key}}}:replay"


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
