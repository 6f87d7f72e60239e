"""The guide to looking back works as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.explaining.story import event_id, everything
from tests.forked_command import COMMAND
from tests.history.commands import Operator
from tests.history.material import placed, write
from tests.typed import typed

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "look-back-in-time.md"
SAYS = {
    "--as-of 2026-11-02T12:01:00Z": "made of 9 events",
    "--events": event_id(9),
    "000000000021 --json": '"event_count":21',
    "--by occurred_at": "made of 20 events",
    "timeline 5511987654321\n": "handed_off: asked_for_human",
    "--until": event_id(20),
    "--alone": '"link":"root"',
    "events show": '"read": 1',
    "--type message.sent": "message.sent",
    "| head -n 3": '"type":"lead.scored"',
}
"""What a command of the page says: the first that it has in it."""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [f"{line}\n" for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("command", commands())
async def test_every_command_of_the_guide_works_as_written(
    operator: Operator, command: str
) -> None:
    await write(operator.database_url, placed(everything().bodies))
    program, given = COMMAND, command.replace("agent-runtime", COMMAND)
    done = typed(given, program=program, environ=operator.environ, folder=operator.folder)
    assert (done.code, b"Traceback" in done.err) == (0, False)
    says = next(said for part, said in SAYS.items() if part in command)
    assert says in " ".join(done.out.decode().split())


def test_the_guide_has_commands() -> None:
    assert len(commands()) == 10
