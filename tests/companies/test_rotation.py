"""Every secret comes under the current key, and says what it said."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import orjson

from runtime.cipher import Cipher
from runtime.companies.rotation import Rotation, rotate
from tests.companies.files import applied

OLD, NEW = b"\1" * 32, b"\2" * 32
TEXTS = (
    "SELECT secrets_encrypted FROM core.integration_credential_sets UNION ALL"
    " SELECT secrets_override_encrypted FROM core.company_integration_bindings UNION ALL"
    " SELECT channels -> 'whatsapp' ->> 'secret_encrypted' FROM core.centurions"
)


async def texts(pool: asyncpg.Pool) -> list[str]:
    return [row[0] for row in await pool.fetch(TEXTS)]


async def rotated(pool: asyncpg.Pool, cipher: Cipher, *, dry_run: bool = False) -> Rotation:
    async with pool.acquire() as conn, conn.transaction():
        return await rotate(conn, cipher, dry_run=dry_run)


async def test_every_secret_is_read_with_the_new_key_alone(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path, cipher=Cipher(OLD))
    before = await texts(pool)

    assert await rotated(pool, Cipher(NEW, OLD), dry_run=True) == Rotation(rotated=3)
    assert await texts(pool) == before
    assert await rotated(pool, Cipher(NEW, OLD)) == Rotation(rotated=3)
    after = [Cipher(NEW).decrypt(text) for text in await texts(pool)]
    assert after == [Cipher(OLD).decrypt(text) for text in before]
    assert orjson.loads(after[0]) == {"api_key": "sk-hunter2"}
    assert await rotated(pool, Cipher(NEW, OLD)) == Rotation(current=3)
    assert await pool.fetchval("SELECT max(version) FROM core.centurions") == 1
    assert await applied(pool, tmp_path, cipher=Cipher(NEW)) == []


async def test_what_no_key_opens_is_named_and_stays(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await applied(pool, tmp_path, cipher=Cipher(OLD))
    await pool.execute(
        "UPDATE core.integration_credential_sets SET secrets_encrypted = $1",
        Cipher(b"\3" * 32).encrypt("x"),
    )
    await pool.execute(
        "UPDATE core.centurions SET channels = jsonb_set(channels, '{whatsapp,secret_encrypted}',"
        " to_jsonb('whsec_as_it_is'::text))"
    )

    done = await rotated(pool, Cipher(NEW, OLD))
    assert done.rotated == 1
    assert done.unreadable == ["credential set main", "centurion acme/sales channel whatsapp"]
    assert (await texts(pool))[2] == "whsec_as_it_is"
