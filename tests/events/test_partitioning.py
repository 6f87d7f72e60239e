"""Partitions and ids agree with the vectors that other languages use."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from events.identity import event_id_for
from events.partitioning import partition_of, stream_key

VECTORS = Path(__file__).parent.parent / "vectors"


def test_partitions_agree_with_the_vectors() -> None:
    for v in json.loads((VECTORS / "partitions.json").read_text()):
        found = partition_of(v["company_id"], v["conversation_id"], v["partitions"])
        assert found == v["partition"], v


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_an_implementation_in_node_agrees() -> None:
    text = (VECTORS / "partitions.json").read_text()
    done = subprocess.run(
        ["node", str(VECTORS / "partitions.mjs")],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [v["partition"] for v in json.loads(text)]


def test_the_checksum_has_the_published_check_value() -> None:
    # The specification's own vector: CRC16 of "123456789" is 0x31C3; our key adds the slash.
    assert partition_of("1234", "6789", 16384) == _bitwise(b"1234/6789") % 16384
    assert _bitwise(b"123456789") == 0x31C3


def _bitwise(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def test_each_stream_is_a_cluster_slot_of_its_own() -> None:
    assert stream_key(3) == "domain-events:{3}"


def test_event_ids_agree_with_the_vectors() -> None:
    for v in json.loads((VECTORS / "event_ids.json").read_text()):
        sent_at = datetime.fromisoformat(v["sent_at"])
        found = event_id_for(v["company_id"], v["channel"], v["message_id"], sent_at)
        assert str(found) == v["event_id"]
        assert found.version == 7


def test_lengths_keep_neighbouring_fields_apart() -> None:
    at = datetime.fromisoformat("2026-11-02T12:00:00Z")
    assert event_id_for("ab", "c", "d", at) != event_id_for("a", "bc", "d", at)


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        event_id_for("a", "b", "c", datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
