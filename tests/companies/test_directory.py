"""Who answers for a company: choice, age of what is known, and rows that cannot be used."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
import pytest
from structlog.testing import capture_logs

from runtime.cipher import Cipher
from runtime.companies.config import Centurion
from runtime.companies.directory import KEEP_S, Directory
from runtime.companies.errors import ConfigInvalid

CIPHER = Cipher(bytes(32))


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def directory(pool: asyncpg.Pool, clock: Clock | None = None) -> Directory:
    return Directory(pool, CIPHER, clock or Clock())


async def add_company(pool: asyncpg.Pool, id_: str = "acme", **settings: Any) -> None:
    await pool.execute(
        "INSERT INTO core.companies (id, name, settings) VALUES ($1, 'Acme', $2)",
        id_,
        orjson.dumps(settings).decode(),
    )


async def add_centurion(
    pool: asyncpg.Pool, id_: str, company: str = "acme", *, enabled: bool = True, **columns: Any
) -> None:
    channels, qualification = columns.get("channels", {}), columns.get("qualification", {})
    await pool.execute(
        "INSERT INTO core.centurions (id, company_id, name, enabled, channels, qualification)"
        " VALUES ($1, $2, $1, $3, $4, $5)",
        id_,
        company,
        enabled,
        orjson.dumps(channels).decode(),
        orjson.dumps(qualification).decode(),
    )


def name(centurion: Centurion | None) -> str | None:
    return centurion.id if centurion is not None else None


async def test_a_company_is_read_with_its_settings(pool: asyncpg.Pool) -> None:
    await add_company(pool, answer_within_s=60, quiet_hours={"start": "22:00", "end": "08:00"})

    company = await directory(pool).company("acme")

    assert company is not None
    assert (company.name, company.timezone) == ("Acme", "America/Sao_Paulo")
    assert company.settings.answer_within_s == 60
    assert company.settings.quiet_hours is not None
    assert company.settings.quiet_hours.end.hour == 8
    assert await directory(pool).company("other") is None


async def test_the_named_one_answers_if_enabled(pool: asyncpg.Pool) -> None:
    await add_company(pool, default_centurion_id="sales")
    await add_centurion(pool, "sales")
    await add_centurion(pool, "support")
    await add_centurion(pool, "retired", enabled=False)
    known = directory(pool)

    assert name(await known.centurion("acme", "support")) == "support"
    assert name(await known.centurion("acme", "retired")) == "sales"
    assert name(await known.centurion("acme", "nobody")) == "sales"
    assert name(await known.centurion("acme")) == "sales"


async def test_without_a_default_only_one_that_is_alone_answers(pool: asyncpg.Pool) -> None:
    await add_company(pool)
    await add_company(pool, "ghosts", default_centurion_id="gone")
    await add_centurion(pool, "retired", enabled=False)
    known = directory(pool)
    assert await known.centurion("acme") is None
    assert await known.centurion("ghosts") is None
    assert await known.centurion("nowhere") is None

    await add_centurion(pool, "sales")
    known.refresh()
    assert name(await known.centurion("acme")) == "sales"

    await add_centurion(pool, "support")
    known.refresh()
    assert await known.centurion("acme") is None


async def test_another_companys_centurion_never_answers(pool: asyncpg.Pool) -> None:
    await add_company(pool)
    await add_company(pool, "globex")
    await add_centurion(pool, "sales", "globex")

    assert await directory(pool).centurion("acme", "sales") is None


async def test_a_change_is_seen_when_what_is_known_is_too_old(pool: asyncpg.Pool) -> None:
    clock = Clock()
    known = directory(pool, clock)
    assert await known.company("acme") is None
    await add_company(pool)

    clock.now += KEEP_S - 0.001
    assert await known.company("acme") is None
    clock.now += 0.001
    assert await known.company("acme") is not None


async def test_a_row_that_cannot_be_used_is_told_and_stops_nobody_else(pool: asyncpg.Pool) -> None:
    await add_company(pool, default_centurion_id="sales")
    await add_company(pool, "globex", answer_within_s="soon")
    wrong = {"criteria": [{"key": "email", "type": "field_present", "label": "seu e-mail"}]}
    await add_centurion(pool, "broken", qualification=wrong)
    await add_centurion(pool, "sales")
    known = directory(pool)

    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(ConfigInvalid) as caught:
                await known.centurion("acme", "broken")
    assert (caught.value.table, caught.value.row_id) == ("core.centurions", "broken")
    assert caught.value.path == "qualification.criteria.0"
    assert [(line["event"], line["company_id"], line["id"]) for line in lines] == [
        ("companies.config_invalid", "acme", "broken")
    ]
    assert name(await known.centurion("acme")) == "sales"
    with pytest.raises(ConfigInvalid, match=r"core.companies globex: settings.answer_within_s"):
        await known.company("globex")


async def test_a_platforms_uuids_are_compared_as_text(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "DROP TABLE core.companies;"
        "CREATE TABLE core.companies (id uuid, name text, status text, timezone text, locale text,"
        " settings jsonb);"
        "INSERT INTO core.companies (id, name)"
        " VALUES ('0190a000-0000-7000-8000-000000000001', 'Acme')"
    )
    known = directory(pool)

    assert await known.company("acme") is None
    company = await known.company("0190a000-0000-7000-8000-000000000001")
    assert company is not None
    assert (company.status, company.settings.answer_within_s) == ("active", 3600)


async def test_a_channels_secret_is_decrypted(pool: asyncpg.Pool) -> None:
    encrypted = CIPHER.encrypt("whsec_hunter2")
    await add_company(pool)
    channels = {
        "whatsapp": {"kind": "log", "secret_encrypted": encrypted},
        "site": {"kind": "log"},
        "*": {"kind": "log", "secret_encrypted": Cipher(b"\1" * 32).encrypt("whsec_hunter2")},
    }
    await add_centurion(pool, "sales", channels=channels)
    known = directory(pool)
    sales = await known.centurion("acme")
    assert sales is not None

    assert known.channel_secret("acme", sales, "whatsapp") == "whsec_hunter2"
    assert known.channel_secret("acme", sales, "site") is None
    with pytest.raises(ConfigInvalid) as caught:
        known.channel_secret("acme", sales, "sms")
    assert caught.value.path == "channels.*.secret_encrypted"
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigInvalid, match="CREDENTIALS_KEY is not set"):
        Directory(pool, None).channel_secret("acme", sales, "whatsapp")


async def test_what_is_known_is_bounded(pool: asyncpg.Pool, monkeypatch: Any) -> None:
    monkeypatch.setattr("runtime.companies.directory._MOST_COMPANIES", 2)
    clock = Clock()
    known = directory(pool, clock)
    for company in ("a", "b", "c"):
        assert await known.company(company) is None
    for company in ("a", "b", "c"):
        await add_company(pool, company)

    assert await known.company("c") is None
    assert await known.company("b") is None
    assert await known.company("a") is not None
