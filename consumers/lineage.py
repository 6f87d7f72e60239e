"""Is the stream that Redis shows the one that was read? Pure.

A stream's history within one *generation* only grows at its end. A flush, a restart without
persistence or a failover to a replica that misses the tail breaks it. Three things are held
against each other: the entry at the checkpoint (it is still there, with the same bytes: everything
up to it is the history that was read), Redis' counter `entries-added` and last id (they never go
back), and the server's own identity.

Loss is what was appended and never came: within a generation
`entries-added - base = read + lost + unread`.

Source: https://redis.io/docs/latest/commands/xinfo-stream/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import blake2b

from events.entry_id import ZERO, EntryId


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a stream's end was when it was last looked at."""

    added: int
    """Entries ever appended to it."""
    last_id: EntryId
    max_deleted_id: EntryId
    at: datetime
    """For people, as in a sight: nothing is decided by it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a stream. `added` and `last_id` belong to one moment."""

    exists: bool
    group_exists: bool
    added: int
    last_id: EntryId
    max_deleted_id: EntryId
    cursor_hash: bytes | None
    """Of the entry at the checkpoint, None where there is none."""
    nothing_above: bool
    """No entry stands above the checkpoint, after `added` was read."""
    server_id: str | None
    at: datetime
    """By the stream's server, or by this host where it does not tell."""

    @property
    def seen(self) -> Seen:
        """What to remember of it."""
        return Seen(self.added, self.last_id, self.max_deleted_id, self.at)


@dataclass(slots=True)
class StreamAccount:
    """What a group accounted for in the present generation of a stream."""

    base: int | None = None
    """`entries-added` at the generation's beginning less what was unread; None: never looked."""
    read: int = 0
    lost: int = 0
    entry_hash: bytes | None = None
    server_id: str | None = None
    seen: Seen | None = None
    due: Seen | None = None
    """An end of the stream that the reading has not passed yet: there the account is settled."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Entries that were appended and never came. `at_least`: more may be gone since `since`."""

    count: int
    at_least: bool
    reason: str
    since: datetime | None


class History(Enum):
    """What a look says of the stream's history."""

    FIRST_SEEN = "first_seen"
    UNBROKEN = "unbroken"
    TAIL_IN_DOUBT = "tail_in_doubt"
    """What was read stands; something above it may be gone."""
    BROKEN = "broken"
    """What was read is not what stands there: a new generation."""


def hash_of(fields: Mapping[bytes, bytes]) -> bytes:
    """Identifies an entry's content; 16 bytes."""
    digest = blake2b(digest_size=16)
    for pair in fields.items():
        for part in pair:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.digest()


def judge(
    account: StreamAccount, cursor: EntryId, sight: Sight, *, doubted: bool = False
) -> History:
    """Compare what is remembered with what is seen.

    `doubted`: an entry below the checkpoint was delivered as a new one.
    """
    if account.base is None:
        return History.FIRST_SEEN
    moved_back = went_back(account, cursor, sight)
    other_server = _is_other(account.server_id, sight.server_id)
    if cursor == ZERO:
        return History.TAIL_IN_DOUBT if moved_back or other_server else History.UNBROKEN
    if sight.cursor_hash is None:
        doubtful = moved_back or other_server or doubted or not sight.group_exists
        return History.BROKEN if doubtful else History.UNBROKEN
    if account.entry_hash is not None and account.entry_hash != sight.cursor_hash:
        return History.BROKEN
    return History.TAIL_IN_DOUBT if moved_back or other_server else History.UNBROKEN


def went_back(account: StreamAccount, cursor: EntryId, sight: Sight) -> bool:
    """Whether the stream's end is below one that was seen before."""
    if sight.last_id < cursor:
        return True
    seen = account.seen
    return seen is not None and (sight.added < seen.added or sight.last_id < seen.last_id)


def why(account: StreamAccount, cursor: EntryId, sight: Sight) -> str:
    """The reason of a break or a loss, for people: a fixed word."""
    if not sight.exists:
        return "stream_gone"
    if went_back(account, cursor, sight):
        return "stream_went_back"
    if _is_other(account.server_id, sight.server_id):
        return "server_changed"
    return "stream_replaced"


def expected_unread(account: StreamAccount) -> int:
    """How many entries stood above the checkpoint at the last look."""
    if account.base is None or account.seen is None:
        return 0
    return max(0, account.seen.added - account.base - account.read - account.lost)


def missing(account: StreamAccount, seen: Seen, read: int) -> int:
    """Entries up to `seen` that never came, `read` of the generation having been read up to it.

    Negative when the server's counter went back unnoticed.
    """
    return seen.added - (account.base or 0) - read - account.lost


def how_gone(seen: Seen, cursor: EntryId) -> str:
    """Why entries above the checkpoint are missing in an unbroken history."""
    return "deleted_unread" if seen.max_deleted_id > cursor else "trimmed_unread"


def _is_other(known: str | None, now: str | None) -> bool:
    return known is not None and now is not None and known != now
