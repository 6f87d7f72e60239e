"""Who a company is and which centurion answers for it, as the agent asks many times a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from projections.statements import statements
from runtime.cipher import Cipher, CipherError, KeyMissing
from runtime.companies import rows
from runtime.companies.config import Centurion, Company
from runtime.companies.errors import ConfigInvalid
from runtime.logs import get_logger

KEEP_S = 30.0
"""How long an answer may be old, in seconds."""
_MOST_COMPANIES = 10_000
_SQL = statements("runtime.companies", "directory.sql")
_log = get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one company's rows say; a row that says nothing usable stands as its error."""

    until: float
    company: Company | ConfigInvalid | None
    centurions: dict[str, Centurion | ConfigInvalid]
    enabled: frozenset[str]


class Directory:
    """Reads `core.companies` and `core.centurions`; a change there is seen within `KEEP_S`.

    `clock` gives seconds that never go back. A row that cannot be used is logged once a reading
    (`companies.config_invalid`) and raised to whoever asks for it, and to nobody else.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        cipher: Cipher | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._cipher = cipher
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    async def company(self, company_id: str) -> Company | None:
        """The company; None where there is no such.

        Raises:
            ConfigInvalid: its row cannot be used.
        """
        return _usable((await self._entry(company_id)).company)

    async def centurion(self, company_id: str, centurion_id: str | None = None) -> Centurion | None:
        """Who answers: the one named, if enabled, else the company's default, else the only one.

        None where that leaves nobody: no such company, none enabled, several and no default.

        Raises:
            ConfigInvalid: the row of the one who answers cannot be used, or the company's could not
                say who that is.
        """
        entry = await self._entry(company_id)
        if entry.company is None:
            return None
        if centurion_id in entry.enabled:
            return _usable(entry.centurions[centurion_id])
        company = _usable(entry.company)
        default = company.settings.default_centurion_id if company else None
        if default in entry.enabled:
            return _usable(entry.centurions[default])
        if len(entry.enabled) == 1:
            return _usable(entry.centurions[next(iter(entry.enabled))])
        return None

    async def answers(self, company_id: str) -> bool:
        """Whether any centurion of the company is enabled."""
        entry = await self._entry(company_id)
        return entry.company is not None and bool(entry.enabled)

    def channel_secret(
        self, company_id: str, centurion: Centurion, channel_name: str
    ) -> str | None:
        """The channel's signing secret, decrypted; None where there is no such channel or secret.

        Raises:
            ConfigInvalid: it cannot be decrypted.
        """
        channel = centurion.channel(channel_name)
        if channel is None or channel.secret_encrypted is None:
            return None
        try:
            if self._cipher is None:
                raise KeyMissing
            return self._cipher.decrypt(channel.secret_encrypted)
        except CipherError as error:
            name = channel_name if channel_name in centurion.channels else "*"
            row_id = f"{company_id}/{centurion.id}"
            path = f"channels.{name}.secret_encrypted"
            invalid = ConfigInvalid(rows.CENTURIONS, row_id, path, str(error))
            _tell(company_id, invalid)
            raise invalid from error

    def refresh(self) -> None:
        """Forget everything: the next question is answered from the tables."""
        self._entries.clear()

    async def _entry(self, company_id: str) -> _Entry:
        entry = self._entries.get(company_id)
        if entry is None or entry.until <= self._clock():
            entry = await self._read(company_id)
            self._entries[company_id] = entry
            if len(self._entries) > _MOST_COMPANIES:
                self._entries.popitem(last=False)
        self._entries.move_to_end(company_id)
        return entry

    async def _read(self, company_id: str) -> _Entry:
        # By the time of the question: what changes while it is answered may be missed.
        until = self._clock() + KEEP_S
        async with self._pool.acquire() as conn:
            row = await conn.fetchrow(_SQL["company"], company_id)
            found = await conn.fetch(_SQL["centurions"], company_id)
        company = _told(company_id, rows.company, row) if row is not None else None
        centurions = {row["id"]: _told(company_id, rows.centurion, row) for row in found}
        enabled = frozenset(row["id"] for row in found if row["enabled"])
        return _Entry(until, company, centurions, enabled)


def _told(
    company_id: str, parse: Callable[[rows.Row], T], row: asyncpg.Record
) -> T | ConfigInvalid:
    try:
        return parse(row)
    except ConfigInvalid as invalid:
        _tell(company_id, invalid)
        return invalid


def _tell(company_id: str, invalid: ConfigInvalid) -> None:
    _log.error(
        "companies.config_invalid",
        company_id=company_id,
        table=invalid.table,
        id=invalid.row_id,
        path=invalid.path,
        reason=invalid.problem,
    )


def _usable(found: T | ConfigInvalid) -> T:
    if isinstance(found, ConfigInvalid):
        # A new one: a traceback grows on an error that is raised again and again.
        raise ConfigInvalid(found.table, found.row_id, found.path, found.problem)
    return found
