"""The demo as a newcomer runs it, held against the written conversations."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

import orjson

from events.codec import decode
from runtime.demo.script import bodies, conversations
from tests.forked_command import COMMAND, run
from tests.runtime.demo_runs import Run

TEXT = Path(__file__).parent.parent.parent / "runtime" / "demo" / "conversations.txt"


def test_every_written_line_becomes_valid_events_with_stable_ids() -> None:
    first = [decode(raw) for raw in bodies(conversations())]
    assert [decode(raw) for raw in bodies(conversations())] == first
    repeated = [n for n in Counter(event.id for event in first).values() if n > 1]
    assert len(repeated) == len(re.findall(r"^\+\d+ dup:", TEXT.read_text(), re.MULTILINE))


def test_the_demo_shows_what_was_written_and_again_nothing_new(demo_runs: list[Run]) -> None:
    first, second = demo_runs
    assert first.code == 0, first.errors
    written = TEXT.read_text()
    heads = re.findall(r"^# (\w+)", written, re.MULTILINE)
    for company, count in Counter(heads).items():
        row = next(line for line in first.lines if company in line)
        assert row.split()[1] == str(count), row
    shown = "\n".join(first.lines)
    gaps = re.findall(r"^\+\d+ gap: (.+)$", written, re.MULTILINE)
    assert sum(gap[:30] in shown for gap in gaps) == min(len(gaps), 10)
    total = len(bodies(conversations()))
    duplicates = len(re.findall(r"^\+\d+ dup:", written, re.MULTILINE))
    assert f"{total} entries: {total - duplicates} applied, {duplicates} dup" in shown
    assert second.code == 0, second.errors
    assert f"{total} entries: 0 applied, {total} duplicates" in "\n".join(second.lines)


def test_the_demo_leaves_no_server_behind(demo_runs: list[Run]) -> None:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert [run.code for run in demo_runs] == [0, 0]
    assert str(demo_runs[0].folder) not in listed.stdout


def test_bodies_are_in_order_of_time() -> None:
    times = [orjson.loads(raw)["occurred_at"] for raw in bodies(conversations())]
    assert times == sorted(times)


def test_with_serve_it_stays_up_until_it_is_told_to_stop(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HOST": "127.0.0.1", "PORT": port}
    process = subprocess.Popen(
        [COMMAND, "demo", "--serve"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not is_ready(port):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        beside = run(["groups", "status"], environ=environ, folder=tmp_path)
        assert b"caught up" in beside.out
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def is_ready(port: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready?strict=1", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
