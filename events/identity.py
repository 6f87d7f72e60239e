"""Ids for events that relay a provider's message, so that a webhook delivered twice is one event.

The id is a UUID of version 7 in form: 48 bits of the provider's time in milliseconds, then bits of
a hash in place of the random ones. Byte by byte, big-endian:

- bytes 0–5: `sent_at` as milliseconds since 1970-01-01T00:00:00Z, cut, not rounded;
- hash = SHA-256 over the UTF-8 of `company_id`, `channel`, `message_id`, each preceded by its
  length in bytes as 4 bytes big-endian;
- bytes 6–15: the first 10 bytes of the hash, with the high nibble of byte 6 set to 7 and the two
  high bits of byte 8 set to binary 10.

`tests/vectors/event_ids.json` holds test vectors.

Source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_id_for(company_id: str, channel: str, message_id: str, sent_at: datetime) -> UUID:
    """The id of the event that tells of a provider's message; the same message, the same id.

    Raises:
        ValueError: `sent_at` has no offset or lies before 1970.
    """
    if sent_at.tzinfo is None:
        raise ValueError("sent_at must have an offset")
    ms = (sent_at - _EPOCH) // timedelta(milliseconds=1)
    if ms < 0:
        raise ValueError("sent_at lies before 1970")
    parts = [part.encode() for part in (company_id, channel, message_id)]
    digest = sha256(b"".join(len(p).to_bytes(4, "big") + p for p in parts)).digest()
    value = bytearray(ms.to_bytes(6, "big") + digest[:10])
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return UUID(bytes=bytes(value))
