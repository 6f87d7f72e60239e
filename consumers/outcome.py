"""What a batch does to a partition: computed purely, written by the transaction, adopted after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consumers.dedup import Fresh
from consumers.feeding import Parked
from consumers.intake import DeadLetter, Intake
from consumers.lineage import Loss, how_gone, missing
from consumers.observer import BatchCommitted, Observer
from consumers.partition_state import PartitionState
from events.catalogue import CATALOGUE
from events.entry_id import EntryId
from events.envelope import RecordedEvent
from projections.projection import Key

UNKNOWN = "unknown"
_tuple = tuple.__new__


@dataclass(slots=True)
class Outcome:
    """What a batch did to one partition; becomes the partition's state once committed."""

    partition: int
    cursor: EntryId
    position: int
    read: int
    duplicates: int
    recorded: list[RecordedEvent]
    dead: list[DeadLetter]
    projections: dict[str, int] = field(default_factory=dict)
    """Projection → its new position."""
    rows: dict[str, Mapping[Key, Any] | None] = field(default_factory=dict)
    """Projection → the rows that are known once it is committed; None where none are known any more."""
    parked: list[Parked] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    newest_id: int = 0
    """The greatest id of the events that the log holds now, as a number."""
    entry_hash: bytes = b""
    gone: int = 0
    """Entries below `due` that never came; negative when the server's counter went back."""
    loss: Loss | None = None
    settled: bool = False
    """Whether the reading passed the end that was due."""


def record(intake: Intake, fresh: Fresh, state: PartitionState, recorded_at: datetime) -> Outcome:
    """The batch's new events with their places in the log, and the account where it is settled."""
    partition, first = intake.partition, state.position + 1
    # What a named tuple's constructor does, without the call of a Python function around it.
    recorded = [
        _tuple(RecordedEvent, (event, partition, position, entry_id, recorded_at))
        for position, (event, entry_id, _) in enumerate(fresh.candidates, first)
    ]
    outcome = Outcome(
        partition=intake.partition,
        cursor=intake.last,
        position=state.position + len(recorded),
        read=intake.read,
        duplicates=fresh.duplicates,
        recorded=recorded,
        dead=fresh.dead,
        counts=_counted(recorded),
        newest_id=max((r.event.id.int for r in recorded), default=0),
        entry_hash=intake.last_hash,
    )
    _settle(outcome, intake, state)
    return outcome


def _counted(recorded: Sequence[RecordedEvent]) -> Counter[str]:
    counts = Counter([r.event.type for r in recorded])
    for type_ in counts.keys() - CATALOGUE.keys():
        counts[UNKNOWN] += counts.pop(type_)
    return counts


def checkpoint_row(outcome: Outcome, state: PartitionState) -> tuple[Any, ...]:
    """The values of the statement that moves checkpoints, for one partition."""
    account = state.account
    seen = account.seen
    return (
        outcome.partition,
        state.position,
        str(state.cursor),
        str(outcome.cursor),
        outcome.position,
        outcome.read,
        len(outcome.recorded),
        outcome.duplicates,
        len(outcome.dead),
        outcome.entry_hash,
        outcome.loss.count if outcome.loss else 0,
        account.base if account.base is None else account.base + min(outcome.gone, 0),
        seen.added if seen else None,
        str(seen.last_id) if seen else None,
        seen.at if seen else None,
        account.server_id,
    )


def adopt(state: PartitionState, outcome: Outcome) -> None:
    """Take over what was committed."""
    state.cursor, state.position = outcome.cursor, outcome.position
    state.newest_id = max(state.newest_id, outcome.newest_id)
    _adopt_account(state, outcome)
    for name, position in outcome.projections.items():
        state.projections[name].position = position
    for name, rows in outcome.rows.items():
        if rows is None:
            state.known.forget(name)
        else:
            state.known.learn(name, rows)
    for type_, count in outcome.counts.items():
        state.counts_by_type[type_] = state.counts_by_type.get(type_, 0) + count
    for waits in outcome.parked:
        event = waits.recorded.event
        state.parked.setdefault(waits.projection, set()).add(
            (event.company_id, event.conversation_id)
        )


def keep_what_was_seen(before: PartitionState | None, state: PartitionState) -> None:
    """A look at the stream that was not written yet outlives the loading: losses show by it.

    Between two settlements of the account a stream only grows: the longer one was seen later.
    """
    if before is None or before.generation != state.generation:
        return
    state.doubted = before.doubted
    if before.account.base != state.account.base:
        return
    seen, known = before.account.seen, state.account.seen
    if seen is not None and (known is None or known.added <= seen.added):
        state.account.seen = seen


def tell(
    observer: Observer,
    group: str,
    outcomes: Sequence[Outcome],
    *,
    commit_s: float,
    oldest_entry_age_s: float,
) -> None:
    """Tell the observer of a committed batch."""
    observer.batch_committed(
        BatchCommitted(
            group=group,
            partitions=tuple(o.partition for o in outcomes),
            read=sum(o.read for o in outcomes),
            applied=sum(len(o.recorded) for o in outcomes),
            duplicate=sum(o.duplicates for o in outcomes),
            dead=sum(len(o.dead) for o in outcomes),
            commit_s=commit_s,
            oldest_entry_age_s=oldest_entry_age_s,
        )
    )
    for outcome in outcomes:
        if outcome.loss is not None:
            observer.lost(group, outcome.partition, outcome.loss)
        for dead in outcome.dead:
            observer.dead_letter(group, dead.partition, str(dead.entry_id), dead.reason)
        for waits in outcome.parked:
            observer.parked(group, waits.projection, outcome.partition, waits.reason, 1)


def _settle(outcome: Outcome, intake: Intake, state: PartitionState) -> None:
    """Close the stream's account where the reading passes the end that was seen before."""
    due = state.account.due
    if due is None or state.account.base is None or intake.last < due.last_id:
        return
    read = state.account.read + intake.read_up_to(due.last_id)
    outcome.settled = True
    outcome.gone = missing(state.account, due, read)
    if outcome.gone > 0:
        reason = how_gone(due, state.cursor)
        outcome.loss = Loss(outcome.gone, at_least=False, reason=reason, since=None)


def _adopt_account(state: PartitionState, outcome: Outcome) -> None:
    account = state.account
    account.entry_hash = outcome.entry_hash
    account.read += outcome.read
    lost = outcome.loss.count if outcome.loss else 0
    account.lost += lost
    state.lost_total += lost
    if account.base is not None:
        account.base += min(outcome.gone, 0)
    if outcome.settled:
        account.due = None
