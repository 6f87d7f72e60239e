"""The guides to replays work as written: each command, in order, beside live consumers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.partitioning import partition_of, stream_key
from tests.examples import body
from tests.forked_command import COMMAND
from tests.runtime.operators import Operator
from tests.typed import typed

FOLDER = Path(__file__).parent.parent.parent / "docs" / "how-to"
CUSTOMER = "5511987654321"
FORGED = "UPDATE projections.leads_v1 SET stage = 'lost'"
TYPES = (
    "message_received.text",
    "lead.created",
    "handoff.requested",
    "handoff.accepted",
    "message.sent",
    "openai.call_completed",
)


def page(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page(name), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


class Reader:
    """Somebody at a shell who follows a page."""

    def __init__(self, operator: Operator) -> None:
        self.folder = operator.folder
        bin_ = str(Path(COMMAND).parent)
        self._environ = {
            "PATH": f"{bin_}:/usr/bin:/bin",
            "HOME": str(operator.folder),
            "USER": "ana",
            "COLUMNS": "80",
            "SUPABASE_DB_URL": operator.database_url,
            "REDIS_URL": operator.redis_url,
        }

    def types(self, command: str) -> tuple[int, str, str]:
        done = typed(command, program="agent-runtime", environ=self._environ, folder=self.folder)
        err = done.err.decode()
        assert "Traceback" not in err, err
        return done.code, " ".join(done.out.decode().split()), err

    def follows(self, name: str, ends: list[int]) -> list[str]:
        """All of its commands, each to its exit code; what they showed."""
        shown = []
        given = commands(name)
        assert len(given) == len(ends)
        for command, code in zip(given, ends, strict=True):
            ended, out, err = self.types(command)
            assert ended == code, (command, out, err)
            shown.append(out)
        return shown


@pytest.fixture
async def acme(operator: Operator) -> Operator:
    """A company with the pages' customer, and some of whose rows are wrong."""
    async with operator.redis() as redis:
        for number, type_ in enumerate(TYPES, start=1):
            event: dict[str, Any] = {**body(type_, number), "conversation_id": CUSTOMER}
            key = stream_key(partition_of("acme", CUSTOMER, 16))
            await redis.xadd(key, {"event": orjson.dumps(event)})
    await operator.consume()
    return operator


async def test_a_read_model_is_rebuilt_after_a_code_change(acme: Operator) -> None:
    await acme.execute(
        FORGED, "UPDATE runtime.projections SET fingerprint = 'x2:other' WHERE name = 'leads'"
    )
    given = commands("rebuild-after-a-code-change.md")
    shown = Reader(acme).follows("rebuild-after-a-code-change.md", [0] * len(given))
    said = dict(zip(given, shown, strict=True))
    assert "run agent-runtime replay --projection leads" in shown[0]
    assert 'stage: "lost" → ' in said["agent-runtime replay --projection leads --dry-run"]
    done = said["agent-runtime replay --projection leads --as maria"]
    assert "agent-runtime replay --projection leads --undo" in done
    assert "kept for agent-runtime replay --projection NAME --undo" in shown[4]
    assert "maria" in said["agent-runtime audit list --action replay"]
    assert said["agent-runtime replay --abandon"] == "there is no unfinished replay"
    wrong = await acme.value("SELECT count(*) FROM projections.leads WHERE stage <> 'lost'")
    assert wrong == 0, "the page undoes it in the end"


async def test_one_conversation_is_repaired(acme: Operator) -> None:
    await acme.execute(
        f"UPDATE projections.conversations_v1 SET received_count = 99"
        f" WHERE conversation_id = '{CUSTOMER}'",
        "UPDATE projections.daily_counts_v1 SET count = 99 WHERE company_id = 'acme'",
    )
    given = commands("repair-one-conversation.md")
    shown = Reader(acme).follows("repair-one-conversation.md", [1] + [0] * (len(given) - 1))
    assert all(f"changed conversations acme / {CUSTOMER}" in out for out in shown[:3])
    assert all("count: 99 → 1" in out for out in shown[:3])
    assert "received: 1" in shown[4]
    assert await acme.value("SELECT max(count) FROM projections.daily_counts_v1") < 99


async def test_a_release_is_gated(acme: Operator) -> None:
    given = commands("gate-a-release-with-a-dry-run.md")
    await acme.execute(FORGED)
    reader = Reader(acme)
    shown = reader.follows("gate-a-release-with-a-dry-run.md", [1] + [0] * (len(given) - 2) + [1])
    changes = [orjson.loads(line) for line in (acme.folder / "changes.jsonl").open("rb")]
    rows = [change for change in changes if change["kind"] == "row"]
    assert shown[1] == str(len(rows))
    assert shown[2].count("changed leads") == len(rows) > 0
    (documented_row, documented_table) = (
        orjson.loads(block)
        for block in re.findall(
            r"```json\n(.*?)```", page("gate-a-release-with-a-dry-run.md"), re.DOTALL
        )
    )
    assert documented_row.keys() == rows[0].keys()
    tables = [change for change in changes if change["kind"] == "table"]
    assert documented_table.keys() < tables[0].keys()
    assert reader.types("agent-runtime replay --projection leads")[0] == 0
    assert reader.types(given[0])[0] == 0
