"""A forked command says and answers what a fresh process does."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from tests import forked_command
from tests.forked_command import COMMAND, run

NOBODY = {"SUPABASE_DB_URL": "postgresql://a@127.0.0.1:1/a", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.mark.parametrize(
    ("words", "given", "code"),
    [
        pytest.param(["replay", "--help"], {"COLUMNS": "61"}, 0, id="help, narrow"),
        pytest.param(["groups", "nonsense"], {}, 2, id="wrong use"),
        pytest.param(["migrate", "--check"], {}, 2, id="nothing set"),
        pytest.param(["groups", "status"], NOBODY, 1, id="no Postgres"),
        pytest.param(["publish", "read.jsonl"], {**NOBODY, "NO_COLOR": "1"}, 2, id="a file beside"),
    ],
)
def test_code_and_words_are_those_of_a_fresh_process(
    words: list[str], given: dict[str, str], code: int, tmp_path: Path
) -> None:
    (tmp_path / "read.jsonl").write_text("not JSON\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
    fresh = subprocess.run(
        [COMMAND, *words],
        cwd=tmp_path,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )

    forked = run(words, environ=environ, folder=tmp_path)

    assert (forked.code, forked.out, forked.err) == (fresh.returncode, fresh.stdout, fresh.stderr)
    assert forked.code == code


def test_one_that_never_ends_is_killed_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked_command, "DEADLINE_S", 0.3)
    environ = {"PATH": os.environ["PATH"], **NOBODY}
    reads, writes = os.pipe()
    try:
        with pytest.raises(TimeoutError):
            run(["publish", "-"], environ=environ, folder=tmp_path, stdin=reads)
    finally:
        os.close(reads)
        os.close(writes)


def test_two_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], **NOBODY}
    reads, writes = os.pipe()
    codes: list[int] = []

    def publish() -> None:
        codes.append(run(["publish", "-"], environ=environ, folder=tmp_path, stdin=reads).code)

    waiting = threading.Thread(target=publish)
    waiting.start()
    assert run(["groups", "status"], environ=environ, folder=tmp_path).code == 1
    assert codes == [], "it waits for its standard input"
    os.close(writes)
    waiting.join()
    os.close(reads)
    assert codes == [1]
