"""`agent-runtime …` in a process forked from a parent that has imported its libraries.

A start costs a twentieth of a fresh one. What a process is given (arguments, environment, directory,
standard streams) is set after the fork, and the consoles, which look at them when they are made, are
made anew; then the installed script, or a module of the tests, runs to the end of
what it began: its threads, its exit functions, its garbage. What was imported is not taken apart:
that would copy every page of it. Tests of starts start the script afresh.

The parent is `python -m tests.forked_command FD`. It obeys one message a command on the socket FD,
and ends with who started it.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COMMAND = str(Path(sys.executable).parent / "agent-runtime")
DEADLINE_S = 90.0
_MESSAGE = 1 << 17
_CONSOLES: list[Callable[[], None]] = []
"""Make those again that modules made when they were imported."""
# Python itself reads these when it starts, before the fork.
TOO_LATE = ("PYTHON", "LANG", "LC_")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all that it said."""

    code: int
    out: bytes
    err: bytes


class Parent:
    """The test's hold on the parent; a pid is nobody else's until it was reaped here."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked_command", str(theirs.fileno())],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def start(self, fds: Sequence[int], **given: Any) -> int:
        """The pid of a new process that has these standard streams."""
        return self._ask({"do": "start", **given}, fds)

    def reap(self, pid: int) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return self._ask({"do": "reap", "pid": pid}, ())

    def close(self) -> None:
        """End the parent."""
        self._socket.close()
        self._process.wait()

    def _ask(self, message: dict[str, Any], fds: Sequence[int]) -> int:
        with self._asking:
            socket.send_fds(self._socket, [json.dumps(message).encode()], fds)
            answer = self._socket.recv(_MESSAGE)
        assert answer, "the parent of the commands ended"
        return int(answer)


@cache
def parent() -> Parent:
    """The parent for this process's commands."""
    return Parent()


def end() -> None:
    """End the parent, where there is one."""
    if parent.cache_info().currsize:
        parent().close()
        parent.cache_clear()


def run(
    words: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    stdin: int | None = None,
) -> Ended:
    """Run a command to its end; without a descriptor there is nothing to read.

    Raises:
        TimeoutError: it ran too long, and was killed.
    """
    assert not [name for name in environ if name.startswith(TOO_LATE)]
    given = {"words": list(words), "environ": dict(environ), "folder": str(folder)}
    nothing = os.open(os.devnull, os.O_RDONLY)
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    try:
        read = nothing if stdin is None else stdin
        pid = parent().start((read, out_end, err_end), **given)
    finally:
        for end in (nothing, out_end, err_end):
            os.close(end)
    try:
        said = _read(out, err)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        code = parent().reap(pid)
        os.close(out)
        os.close(err)
    return Ended(code, said[out], said[err])


def _read(*fds: int) -> dict[int, bytes]:
    """All that comes, until everyone who writes has closed."""
    said = dict.fromkeys(fds, b"")
    until = time.monotonic() + DEADLINE_S
    with selectors.DefaultSelector() as waiting:
        for fd in fds:
            waiting.register(fd, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(until - time.monotonic())
            if not ready:
                raise TimeoutError(said)
            for key, _ in ready:
                more = os.read(key.fd, 1 << 16)
                said[key.fd] += more
                if not more:
                    waiting.unregister(key.fd)
    return said


def _obey(asked: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Serve the messages; returns in each fork with what it shall become, and at the end."""
    with asked:
        while True:
            raw, fds, _, _ = socket.recv_fds(asked, _MESSAGE, 3)
            if not raw:
                return None
            message = json.loads(raw)
            if message["do"] == "reap":
                answer = os.waitstatus_to_exitcode(os.waitpid(message["pid"], 0)[1])
            elif not (answer := os.fork()):
                return message, fds
            for fd in fds:
                os.close(fd)
            asked.send(str(answer).encode())


def _become(message: dict[str, Any], fds: list[int]) -> None:
    """Take over what a fresh process would have been given."""
    if message.get("session"):
        os.setsid()
    for standard, fd in enumerate(fds):
        os.dup2(fd, standard)
        os.close(fd)
    os.environ.clear()
    os.environ.update(message["environ"])
    time.tzset()
    os.chdir(message["folder"])
    sys.argv = [COMMAND, *message["words"]]
    if "module" not in message:
        sys.path[0] = str(Path(COMMAND).parent)
    _open_streams()
    for make_again in _CONSOLES:
        make_again()


def _open_streams() -> None:
    """As Python opens them when it starts: whether they are terminals decides how they buffer."""
    coded = {name: (s.encoding, s.errors) for name, s in _STREAMS.items()}
    for fd, (name, (encoding, how)) in enumerate(coded.items()):
        mode, buffering = ("r", -1) if fd == 0 else ("w", 1 if fd == 2 else -1)
        stream = open(  # noqa: SIM115 - stays open for as long as the process lives
            fd, mode, buffering, encoding=encoding, errors=how, closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


_STREAMS = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}


def _import_ahead() -> None:
    import typer
    from rich.console import Console

    console: Any = Console
    make = console.__init__

    def noted(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        _CONSOLES.append(partial(make, self, *args, **kwargs))

    console.__init__ = noted
    import runtime.cli
    import runtime.serve
    from projections.fingerprints import fingerprint
    from projections.registry import ALL

    console.__init__ = make
    # Typer works the commands out of the functions' annotations each time it is called.
    typer.main.get_command = cache(typer.main.get_command)
    # Each of them, with its module: they would be loaded on demand, by every fork.
    list(typer.main.get_command(runtime.cli.app).commands.values())  # type: ignore[attr-defined]
    # Reading the read models' code takes 75 ms; many commands begin with that.
    for projection in ALL:
        fingerprint(projection)
    _import_again("typer.rich_utils")
    gc.freeze()


def _import_again(name: str) -> None:
    """Have a module's code ready, and the module made by who needs it: it reads the environment."""
    module = import_module(name)
    package, _, short = module.__name__.rpartition(".")
    delattr(sys.modules[package], short)
    del sys.modules[name]


def main() -> None:
    """Be the parent; each fork leaves this as the command."""
    _import_ahead()
    become = _obey(socket.socket(fileno=int(sys.argv[1])))
    if become is not None:
        _become(*become)
        try:
            _run(become[0].get("module"))
        except SystemExit as ended:
            if ended.code is None or isinstance(ended.code, int):
                _end(ended.code or 0)
            raise
        _end(0)


def _run(module: str | None) -> None:
    if module:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(COMMAND, run_name="__main__")


def _end(code: int) -> None:
    """End as Python does, in its order; returns where it could not say everything: Python tells so."""
    threads: Any = threading
    threads._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        gc.collect()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main()
