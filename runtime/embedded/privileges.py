"""Postgres refuses to run as root; here is who it runs as instead.

As root, a user namespace of its own maps `nobody` inside to root outside: no user is made and no
folder changes hands. Where the kernel or a sandbox forbids that, the server runs as the system's
`postgres` or `nobody`, and the data directory is given to it.

Source: user_namespaces(7), prctl(2) PR_SET_PDEATHSIG
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """Who a server runs as. `uid` is None where it keeps the program's own."""

    in_namespace: bool
    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Give a folder to the account where it is another one."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def before_exec(self, death_signal: signal.Signals) -> Callable[[], None]:
        """For `preexec_fn`: become the account, and get `death_signal` when the parent dies.

        The order matters: changing the user clears the death signal.
        """
        account, parent = self, os.getpid()
        libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

        def become() -> None:
            if account.in_namespace and libc is not None:
                _enter_namespace(libc)
            elif account.uid is not None and account.gid is not None:
                os.setgroups([])
                os.setgid(account.gid)
                os.setuid(account.uid)
            if libc is not None:
                libc.prctl(_PR_SET_PDEATHSIG, death_signal)
                # It died before the line above: no signal will come.
                if os.getppid() != parent:
                    os._exit(98)

        return become


def ourselves() -> Account:
    """The program's own account."""
    return Account(in_namespace=False)


def unprivileged() -> Account:
    """The account for Postgres: our own unless we are root."""
    if os.geteuid() != 0:
        return ourselves()
    if sys.platform == "linux" and _namespaces_work():
        return Account(in_namespace=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(in_namespace=False, uid=entry.pw_uid, gid=entry.pw_gid)
    return Account(in_namespace=False, uid=_NOBODY, gid=_NOBODY)


def _namespaces_work() -> bool:
    tried = subprocess.run(
        [sys.executable, "-c", "import os; raise SystemExit(os.geteuid() != 65534)"],
        preexec_fn=_try_namespace,
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


def _try_namespace() -> None:
    _enter_namespace(ctypes.CDLL(None, use_errno=True))


def _enter_namespace(libc: ctypes.CDLL) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER) != 0:
        os._exit(97)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")
