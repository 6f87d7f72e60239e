"""Offers an answer to its channel, part by part, each through the gate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from consumers.backoff import Backoff
from runtime.agent.reasons import Reason
from runtime.channels.port import Fate, OutboundPart, Sent
from runtime.turns import sending
from runtime.turns.claims import Claim
from runtime.turns.closing import Ended, retry_later
from runtime.turns.held import Held
from runtime.turns.opening import Speaker
from runtime.turns.parts import TurnParts
from runtime.turns.reports import settle_reports
from runtime.turns.seen import Seen
from runtime.turns.speakers import speaker_of
from runtime.turns.stopwatch import Stopwatch

PATIENCE_S = 5.0
"""The longest wait for a channel that keeps the turn; for a longer one it is given back."""


@dataclass(frozen=True, slots=True)
class LetOut:
    """A part that the gate has let out: to be offered to its channel now."""

    part: sending.Part
    outbound: OutboundPart
    speaker: Speaker
    secret: str | None = field(repr=False)
    seen: Seen
    """The turn as it stood then."""


class Speaking:
    """Sends what one turn decided to say."""

    def __init__(self, parts: TurnParts, claim: Claim, stopwatch: Stopwatch) -> None:
        self._parts = parts
        self._claim = claim
        self._stopwatch = stopwatch
        self._backoff = Backoff(initial_s=0.5, max_s=30.0)

    async def run(self, speaker: Speaker | None, first: LetOut | None = None) -> Ended | None:
        """Send all parts; None when the turn was given back for a while.

        `speaker` is None where another worker had decided: it is looked up. `first` is out of the
        gate already.
        """
        speaker = speaker or await self._found()
        while True:
            out, first = first or await self._next(speaker), None
            if isinstance(out, Ended):
                return out
            sent = await self._offer(out)
            self._parts.observer.part_settled(self._claim, out.part.part, sent)
            ended, wait_s = await self._settle(out, sent)
            if ended is not None or wait_s is None:
                return ended
            with self._stopwatch.elsewhere():
                await asyncio.sleep(wait_s)

    async def let_out(self, on: Held, speaker: Speaker | None) -> Ended | LetOut:
        """Ask the gate for the next part: it may be sent once the transaction is committed."""
        part = await sending.next_part(on)
        if part is None or speaker is None:
            return await self._end_unsaid(on)
        # Before the part counts as offered: a secret that cannot be read is found out here.
        secret = self.secret_of(speaker)
        ended = await sending.let_out(
            on,
            part,
            speaker.channel,
            max_wait_ms=speaker.centurion.max_wait_ms,
            partitions=self._parts.partitions,
        )
        return ended or LetOut(part, part.outbound(self._claim), speaker, secret, on.seen())

    def secret_of(self, speaker: Speaker) -> str | None:
        """What the channel's messages are signed with. Raises `ConfigInvalid` as the directory does."""
        return self._parts.directory.channel_secret(
            self._claim.company_id, speaker.centurion, speaker.channel_name
        )

    async def _next(self, speaker: Speaker | None) -> Ended | LetOut:
        async with self._parts.held(self._claim) as on:
            company = None if speaker is None else speaker.company
            on = await settle_reports(on, company, partitions=self._parts.partitions)
            return await self.let_out(on, speaker)

    async def _found(self) -> Speaker | None:
        async with self._parts.held(self._claim) as on:
            part = await sending.next_part(on)
        if part is None:
            return None
        found = await speaker_of(
            self._parts.directory, self._claim.company_id, part.centurion_id, part.channel
        )
        return None if isinstance(found, Reason) else found

    async def _end_unsaid(self, on: Held) -> Ended:
        """Nothing is left to say, or nobody to say it: its centurion or channel is gone."""
        partitions = self._parts.partitions
        return await sending.abandon(on, "silent", Reason.NO_CENTURION, partitions=partitions)

    async def _offer(self, out: LetOut) -> Sent:
        """One attempt on the channel, outside of any transaction."""
        sender = self._parts.senders[out.speaker.channel.kind]
        with self._stopwatch.elsewhere():
            return await sender.send(out.outbound, out.speaker.channel, out.secret)

    async def _settle(self, out: LetOut, sent: Sent) -> tuple[Ended | None, float | None]:
        """Write what the channel said: how the turn ended, or how long to wait before going on.

        Neither: the turn was given back, for a wait that is too long to keep it.
        """
        if sent.fate is Fate.SENT and out.part.part == out.part.parts:
            seen = out.seen.later()
            ended = await self._parts.completed(seen, out.part, sent)
            self._tell_replied(out.part, seen)
            return ended, None
        return await self._settle_held(out.part, sent, out.speaker)

    def _tell_replied(self, part: sending.Part, seen: Seen) -> None:
        if part.part == 1:
            after_s = seen.waited_ms() / 1000
            self._parts.observer.replied(self._claim, after_s, self._stopwatch.own_s)

    async def _settle_held(
        self, part: sending.Part, sent: Sent, speaker: Speaker
    ) -> tuple[Ended | None, float | None]:
        """The same under the locks."""
        partitions = self._parts.partitions
        async with self._parts.held(self._claim) as on:
            if sent.fate is Fate.SENT:
                self._backoff.reset()
                ended = await sending.settle_sent(on, part, sent, partitions=partitions)
                self._tell_replied(part, on)
                return ended, speaker.channel.typing_pause_ms / 1000
            wait_s = max(self._backoff.next_s(), sent.retry_after_s or 0.0)
            # An answer that would come too late is not waited for: newer messages wait behind it.
            may_wait = wait_s <= speaker.company.settings.answer_within_s
            if not (sent.retryable and may_wait and part.attempts + 1 < sending.MOST_ATTEMPTS):
                return await sending.give_up(on, part, sent, partitions=partitions), 0.0
            await sending.try_again(on, part, sent)
            if wait_s > PATIENCE_S:
                await retry_later(on, wait_s, counted=False)
                return None, None
            return None, wait_s
