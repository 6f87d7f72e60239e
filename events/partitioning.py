"""Which partition an event belongs to, and the names of the streams.

`partition = CRC16(company_id + "/" + conversation_id) mod 16384 mod P`, with the CRC16 of Redis
Cluster (XMODEM: polynomial 0x1021, initial value 0) over the whole key in UTF-8, braces included.
Test vectors for other languages are in `tests/vectors/partitions.json`.

Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#appendix-a-crc16-reference-implementation-in-ansi-c
"""

from __future__ import annotations

from binascii import crc_hqx

DEFAULT_PARTITIONS = 16
DEFAULT_PREFIX = "domain-events"
_SLOTS = 16384


def partition_of(company_id: str, conversation_id: str, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1; `conversation_id` is `""` for company-wide events."""
    return crc_hqx(f"{company_id}/{conversation_id}".encode(), 0) % _SLOTS % partitions


def stream_key(partition: int, prefix: str = DEFAULT_PREFIX) -> str:
    """The partition's stream: `domain-events:{3}`; the braces give each its own cluster slot."""
    return f"{prefix}:{{{partition}}}"


def topology_key(prefix: str = DEFAULT_PREFIX) -> str:
    """The Redis hash with the recorded `partitions` and `epoch`."""
    return f"{prefix}:topology"
