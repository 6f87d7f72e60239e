"""Encrypts every secret at rest under the current key, whichever of the two it was under."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from projections.migrate import Database
from projections.statements import statements
from runtime.cipher import Cipher, CipherError

_SQL = statements("runtime.companies", "rotation.sql")


@dataclass(slots=True)
class Rotation:
    """What was found. `unreadable` names the secrets that neither key opens; they stay."""

    rotated: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


async def rotate(conn: Database, cipher: Cipher, *, dry_run: bool = False) -> Rotation:
    """Re-encrypt what is the previous key's, in the caller's transaction. Rows stay locked in it.

    No version rises and nothing else changes: what a secret says is the same.
    """
    turner = _Turner(cipher)
    for row in await conn.fetch(_SQL["credential sets"]):
        text = turner.turned(row["text"], f"credential set {row['id']}")
        if text is not None and not dry_run:
            await conn.execute(_SQL["write credential set"], row["id"], text)
    for row in await conn.fetch(_SQL["bindings"]):
        key = (row["company_id"], row["provider"])
        text = turner.turned(row["text"], f"binding {'/'.join(key)}")
        if text is not None and not dry_run:
            await conn.execute(_SQL["write binding"], *key, text)
    for row in await conn.fetch(_SQL["centurions"]):
        key = (row["company_id"], row["id"])
        channels = _turned_channels(turner, orjson.loads(row["channels"]), "/".join(key))
        if channels is not None and not dry_run:
            await conn.execute(_SQL["write centurion"], *key, orjson.dumps(channels).decode())
    return turner.rotation


class _Turner:
    """Turns one text after another, and counts."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self.rotation = Rotation()

    def turned(self, text: str, place: str) -> str | None:
        """The text under the current key; None where it stays as it is."""
        try:
            if not self._cipher.needs_rotation(text):
                self.rotation.current += 1
                return None
            turned = self._cipher.encrypt(self._cipher.decrypt(text))
        except CipherError:
            self.rotation.unreadable.append(place)
            return None
        self.rotation.rotated += 1
        return turned


def _turned_channels(turner: _Turner, channels: Any, centurion: str) -> dict[str, Any] | None:
    """The channels with what was turned; None where nothing was."""
    changed = False
    for name, channel in channels.items():
        text = channel.get("secret_encrypted") if isinstance(channel, dict) else None
        if text is None:
            continue
        turned = turner.turned(str(text), f"centurion {centurion} channel {name}")
        if turned is not None:
            channel["secret_encrypted"] = turned
            changed = True
    return channels if changed else None
