"""One turn from its claim to its end: open, gather, think, record, speak."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from consumers.errors import TransientFault, faults_translated, told
from runtime.agent.decision import Decision
from runtime.agent.reasons import Reason
from runtime.turns import opening, sending
from runtime.turns.claims import Claim
from runtime.turns.closing import Ended, complete, retry_later, supersede
from runtime.turns.errors import Superseded
from runtime.turns.gathering import Gathered, Reading
from runtime.turns.held import Covering, Held
from runtime.turns.opening import Opened, Speaker, Wanted
from runtime.turns.parts import TurnParts
from runtime.turns.recording import record
from runtime.turns.reports import settle_reports
from runtime.turns.seen import Seen
from runtime.turns.sending import Part
from runtime.turns.speakers import speaker_of
from runtime.turns.speaking import LetOut, Speaking
from runtime.turns.stopwatch import Stopwatch
from runtime.turns.thought import Thought

MOST_ATTEMPTS = 5
"""How often a turn is taken up before it is given up."""
MOST_DEATHS = 10
"""The same where no attempt came to an end: the turn may be what kills its workers."""


class Turn:
    """Runs one claim. `interrupt` says that the customer wrote again."""

    def __init__(self, parts: TurnParts, claim: Claim) -> None:
        self._parts = parts
        self.claim = claim
        self._written_to = asyncio.Event()
        self._stopwatch = Stopwatch()
        self._speaking = Speaking(parts, claim, self._stopwatch)
        self.max_wait_s = 0.0
        """How long the burst may be open for the turn to be superseded; 0 before it is known."""
        self.leaves_nothing = False
        """The turn is over, and its conversation's burst with it."""

    @property
    def took_s(self) -> float:
        """Seconds since it was begun."""
        return self._stopwatch.took_s

    def interrupt(self) -> None:
        """The running thought is of no use any more: the turn will run again over all of it."""
        self._written_to.set()

    async def run(self) -> None:
        """Work on the claim to its end, or until it must be given back.

        Raises:
            ClaimLost: another worker has it by now.
            Exception: whatever else; `failed` says what becomes of the turn.
        """
        ended = await self._run()
        if ended is not None:
            self._tell(ended)

    async def failed(self, error: Exception) -> None:
        """Give the turn back after a fault, with a growing pause; give it up after too many.

        Faults of the surroundings pass, and are not counted: a turn is never given up over them.

        Raises:
            ClaimLost, TransientFault: the lease's end gives it back.
        """
        passes = isinstance(error, TransientFault)
        if passes or self.claim.attempt < MOST_ATTEMPTS:
            wait_s = 0.5 if passes else 0.5 * 4.0 ** (self.claim.attempt - 1)
            self._parts.observer.failed(self.claim, told(error), wait_s)
            async with self._parts.held(self.claim) as on:
                await retry_later(on, wait_s, counted=not passes)
            return
        async with self._parts.held(self.claim, Covering.WHAT_IS_OPEN_AT_FIRST) as on:
            ended = await self._give_up(on)
        self._tell(ended)

    async def _give_up(self, on: Held) -> Ended:
        """What was decided may be partly out; else the turn covers what it was to answer."""
        partitions = self._parts.partitions
        if on.turn.state == "sending":
            return await sending.abandon(on, "failed", Reason.GAVE_UP, partitions=partitions)
        if not on.turn.covers:
            return await opening.close_unheard(on, Reason.NOTHING_TO_ANSWER)
        return await complete(on, "failed", Reason.GAVE_UP, partitions=partitions)

    def _tell(self, ended: Ended) -> None:
        self.leaves_nothing = ended.is_burst_over
        took_s = self._stopwatch.took_s
        self._parts.observer.ended(self.claim, ended.outcome, ended.reason, took_s)

    async def _run(self) -> Ended | None:
        if self.claim.attempt > MOST_DEATHS:
            async with self._parts.held(self.claim, Covering.WHAT_IS_OPEN_AT_FIRST) as on:
                return await self._give_up(on)
        async with self._parts.gathering.reading(self.claim) as reading:
            opened = await self._open(reading)
        if isinstance(opened, Ended):
            return opened
        if opened is None:
            return await self._speaking.run(None)
        self._parts.observer.opened(self.claim, opened.burst)
        self.max_wait_s = opened.speaker.centurion.max_wait_ms / 1000
        first = await self._think(opened, reading)
        if isinstance(first, Ended):
            return first
        return await self._speaking.run(opened.speaker, first)

    async def _open(self, reading: Reading) -> Opened | Ended | None:
        """What is to be thought about; None when that is done and something is to be sent."""
        wanted = self.claim.wanted
        # Before the locks: the directory may have to ask Postgres itself.
        speaker = await speaker_of(self._parts.directory, self.claim.company_id, *wanted)
        if isinstance(speaker, Speaker):
            seen = await self._parts.opened(self.claim)
            if (opened := opening.opened_plainly(seen, speaker)) is not None:
                reading.about(opened)
                return opened
        while True:
            found = await self._open_held(reading, wanted, speaker)
            if not isinstance(found, tuple):
                return found
            wanted = found
            speaker = await speaker_of(self._parts.directory, self.claim.company_id, *wanted)

    async def _open_held(
        self, reading: Reading, wanted: Wanted, speaker: Speaker | Reason
    ) -> Opened | Ended | Wanted | None:
        """The same under the locks, or whom the burst wants, where it is not who was looked for."""
        partitions = self._parts.partitions
        async with self._parts.held(self.claim, Covering.WHAT_IS_OPEN) as on:
            if on.turn.state == "sending":
                return None
            company = None if isinstance(speaker, Reason) else speaker.company
            on = await settle_reports(on, company, partitions=partitions)
            if not on.messages:
                return await opening.close_unheard(on, Reason.NOTHING_TO_ANSWER)
            if wanted != (now_wanted := opening.wants(on)):
                return now_wanted
            if isinstance(speaker, Reason):
                return await opening.close_unheard(on, speaker)
            opened = await opening.begin(on, speaker, partitions=partitions)
            if isinstance(opened, Opened):
                reading.about(opened)
            return opened

    async def _think(self, opened: Opened, reading: Reading) -> Ended | LetOut:
        """Decide and record; what goes out first, when there is something to send."""
        # What cannot be sent need not be thought about, nor paid for.
        self._speaking.secret_of(opened.speaker)
        gathered = reading.gathered()
        try:
            # A thinker reads what it needs itself.
            with faults_translated():
                decision = await self._decided(gathered)
        except Superseded:
            async with self._parts.held(self.claim) as on:
                return await supersede(on, Reason.NEWER_INBOUND, partitions=self._parts.partitions)
        thought = Thought(
            gathered.context, decision, gathered.told, gathered.retrieval, gathered.handoff_is_open
        )
        return await self._record(opened, thought)

    async def _decided(self, gathered: Gathered) -> Decision:
        """The thinker's decision, unless the customer writes again meanwhile."""
        try:
            with self._stopwatch.elsewhere():
                async with asyncio.TaskGroup() as tasks:
                    deciding = tasks.create_task(
                        self._parts.thinker.decide(gathered.context), name="deciding"
                    )
                    newer = tasks.create_task(self._written_to.wait(), name="written-to")
                    await asyncio.wait({deciding, newer}, return_when=asyncio.FIRST_COMPLETED)
                    newer.cancel()
                    if not deciding.done():
                        deciding.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        if deciding.cancelled():
            raise Superseded
        return deciding.result()

    async def _record(self, opened: Opened, thought: Thought) -> Ended | LetOut:
        """What is decided passes the gate in the same transaction: under one lock, as it stands."""
        seen, channel = opened.seen.later(), opened.speaker.channel
        recorded = await self._parts.recorded(seen, thought, channel)
        if recorded is None or recorded.first is None:
            return await self._record_held(opened, thought)
        return self._let_out(replace(seen, turn=recorded.turn), recorded.first, opened.speaker)

    async def _record_held(self, opened: Opened, thought: Thought) -> Ended | LetOut:
        """The same under the locks."""
        partitions = self._parts.partitions
        async with self._parts.held(self.claim) as on:
            on = await settle_reports(on, opened.speaker.company, partitions=partitions)
            if on.turn.is_written_to and on.waited_ms() < self.max_wait_s * 1000:
                return await supersede(on, Reason.NEWER_INBOUND, partitions=partitions)
            recorded = await record(on, thought, opened.speaker.channel, partitions=partitions)
            if isinstance(recorded, Ended):
                return recorded
            on = replace(on, turn=recorded.turn)
            if recorded.first is None:
                return await self._speaking.let_out(on, opened.speaker)
            return self._let_out(on.seen(), recorded.first, opened.speaker)

    def _let_out(self, seen: Seen, part: Part, speaker: Speaker) -> LetOut:
        secret = self._speaking.secret_of(speaker)
        return LetOut(part, part.outbound(self.claim), speaker, secret, seen)
