"""A file is applied whole, shows what changes without a secret, and the same again does nothing."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import orjson
import pytest

from runtime.cipher import Cipher, KeyMissing
from runtime.companies.directory import Directory
from runtime.companies.errors import FileInvalid
from runtime.companies.knowledge import KnowledgeSearch
from tests.companies.files import CIPHER, WHOLE, applied, told

SALES = "core.centurions WHERE id = 'sales'"


async def test_everything_in_a_file_is_written_and_read_back(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    directory = Directory(pool, CIPHER)
    company = await directory.company("acme")
    sales = await directory.centurion("acme")

    assert company is not None
    assert company.settings.quiet_hours is not None
    assert company.settings.quiet_hours.start.hour == 22
    assert sales is not None
    assert sales.handoff.words == ("no", "gerente")
    assert sales.qualification.criteria[0].label == "seu e-mail"
    assert directory.channel_secret("acme", sales, "whatsapp") == "whsec_hunter2"
    stored = await pool.fetchval("SELECT secrets_encrypted FROM core.integration_credential_sets")
    assert orjson.loads(CIPHER.decrypt(stored)) == {"api_key": "sk-hunter2"}
    binding = await pool.fetchrow("SELECT * FROM core.company_integration_bindings")
    assert binding is not None
    assert orjson.loads(CIPHER.decrypt(binding["secrets_override_encrypted"])) == {
        "api_key": "sk-of-acme"
    }
    assert orjson.loads(binding["config_override"]) == {"timeout_s": 30.0}
    found = await KnowledgeSearch(pool).passages("acme", "qual o endereço?")
    assert [passage.document_id for passage in found] == ["address"]


async def test_the_same_file_again_changes_nothing(pool: asyncpg.Pool, tmp_path: Path) -> None:
    assert len(await applied(pool, tmp_path)) == 6
    rows = "SELECT xmin::text, ctid::text FROM core.centurions"
    before = await pool.fetch(rows)

    assert await applied(pool, tmp_path) == []
    assert await pool.fetch(rows) == before


async def test_only_what_changed_is_shown_and_versions_rise(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    text = (
        WHOLE.replace("Seja gentil.", "Seja breve.")
        .replace("[no, gerente]", "[gerente]")
        .replace("segunda a sexta", "terça a domingo")
        .replace("name: Acme", "name: Acme Ltda.")
    )

    changes = await applied(pool, tmp_path, text)

    assert told(changes) == {
        ("company acme", "changed", "name", "Acme", "Acme Ltda."),
        ("centurion acme/sales", "changed", "prompt", "Seja gentil.", "Seja breve."),
        ("centurion acme/sales", "changed", "handoff.words", "no, gerente", "gerente"),
        (
            "document acme/hours",
            "changed",
            "body",
            "Abrimos de segunda a sexta.",
            "Abrimos de terça a domingo.",
        ),
    }
    assert await pool.fetchval(f"SELECT version FROM {SALES}") == 2
    versions = await pool.fetch("SELECT id, version FROM core.knowledge_documents ORDER BY id")
    assert [tuple(row) for row in versions] == [("address", 1), ("hours", 2)]
    assert await KnowledgeSearch(pool).passages("acme", "segunda", minimum=0) == ()


async def test_no_secret_is_shown(pool: asyncpg.Pool, tmp_path: Path) -> None:
    first = await applied(pool, tmp_path)
    text = WHOLE.replace("hunter2", "hunter3").replace("sk-of-acme", "sk-other-of-acme")
    second = await applied(pool, tmp_path, text)

    shown = repr(first) + repr(second) + repr(told(first)) + repr(told(second))
    assert not any(secret in shown for secret in ("hunter", "of-acme", "v1:"))
    assert ("centurion acme/sales", "added", "channels.whatsapp.secret", None, "set") in told(first)
    assert told(second) == {
        ("credential set main", "changed", "secret", "set", "changed"),
        ("binding acme/openai", "changed", "secret", "set", "changed"),
        ("centurion acme/sales", "changed", "channels.whatsapp.secret", "set", "changed"),
    }


async def test_secrets_left_out_of_the_file_stay(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await applied(pool, tmp_path)
    text = WHOLE
    for secret in (
        "\n    secrets: {api_key: sk-hunter2}",
        ", secrets: {api_key: sk-of-acme}",
        ", secret: whsec_hunter2",
    ):
        text = text.replace(secret, "")

    assert await applied(pool, tmp_path, text, cipher=None) == []
    gone = text.replace('/send"}', '/send", secret: null}')
    assert told(await applied(pool, tmp_path, gone)) == {
        ("centurion acme/sales", "changed", "channels.whatsapp.secret", "set", None)
    }


async def test_a_file_with_secrets_needs_a_key(pool: asyncpg.Pool, tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        await applied(pool, tmp_path, cipher=None)


async def test_a_secret_that_no_key_opens_is_written_anew(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path, cipher=Cipher(b"\1" * 32))

    assert len(await applied(pool, tmp_path)) == 3
    assert await applied(pool, tmp_path) == []


async def test_what_a_secret_holds_beside_is_kept(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await applied(pool, tmp_path)
    kept = CIPHER.encrypt('{"admin_key": "a", "api_key": "sk-old"}')
    update = "UPDATE core.integration_credential_sets SET secrets_encrypted = $1"
    await pool.execute(update, kept)

    await applied(pool, tmp_path)
    stored = await pool.fetchval("SELECT secrets_encrypted FROM core.integration_credential_sets")
    assert orjson.loads(CIPHER.decrypt(stored)) == {"admin_key": "a", "api_key": "sk-hunter2"}


async def test_documents_that_are_not_listed_are_removed_and_may_come_back(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    fewer = WHOLE[: WHOLE.index("      - {id: address")]
    none_listed = WHOLE[: WHOLE.index("    knowledge:")]

    assert told(await applied(pool, tmp_path, fewer)) == {
        ("document acme/address", "removed", "status", "active", "removed")
    }
    chunks = "SELECT document_id FROM core.knowledge_chunks"
    assert [row[0] for row in await pool.fetch(chunks)] == ["hours"]
    assert await applied(pool, tmp_path, fewer) == []
    assert await applied(pool, tmp_path, none_listed) == []

    await applied(pool, tmp_path)
    assert len(await pool.fetch(chunks)) == 2


async def test_companies_and_centurions_that_are_not_in_the_file_stay(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)

    other = "companies: [{id: globex, name: Globex}, {id: acme, name: Acme}]"
    changes = await applied(pool, tmp_path, other)

    assert [change.name for change in changes] == ["company globex", "company acme"]
    assert await pool.fetchval("SELECT count(*) FROM core.companies") == 2
    assert await pool.fetchval(f"SELECT count(*) FROM {SALES}") == 1
    assert await pool.fetchval("SELECT count(*) FROM core.company_integration_bindings") == 1


async def test_another_default_set_takes_the_place_of_the_first(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    other = "credential_sets: [{id: second, name: Second, default: true}]"

    assert told(await applied(pool, tmp_path, other)) >= {
        ("credential set main", "changed", "is_default", "true", "false"),
        ("credential set second", "added", "is_default", None, "true"),
    }
    both = "{id: %s, name: X, default: %s}"
    swapped = f"[{both % ('main', 'true')}, {both % ('second', 'false')}]"
    await applied(pool, tmp_path, f"credential_sets: {swapped}")
    query = "SELECT id FROM core.integration_credential_sets WHERE is_default"
    assert [row["id"] for row in await pool.fetch(query)] == ["main"]


async def test_a_changed_binding_forgets_what_was_known_of_its_health(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    await pool.execute(
        "UPDATE core.company_integration_bindings SET status = 'failing', last_error = 'x'"
    )
    assert await applied(pool, tmp_path) == []

    await applied(pool, tmp_path, WHOLE.replace("timeout_s: 30", "timeout_s: 20"))
    row = await pool.fetchrow("SELECT status, last_error FROM core.company_integration_bindings")
    assert row is not None
    assert tuple(row) == ("unknown", None)


async def test_what_neither_the_file_nor_the_database_has_is_refused(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    text = """
companies:
  - id: acme
    name: Acme
    settings: {default_centurion_id: ghost}
    bindings:
      openai: {credential_set: nowhere}
"""
    with pytest.raises(FileInvalid) as caught:
        await applied(pool, tmp_path, text)

    assert [(problem.line, problem.path) for problem in caught.value.problems] == [
        (7, "companies.0.bindings.openai.credential_set"),
        (5, "companies.0.settings.default_centurion_id"),
    ]


async def test_a_row_that_the_platform_wrote_wrongly_is_mended(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path)
    await pool.execute("""UPDATE core.centurions SET handoff = '{"wrods": ["no"]}'""")

    changes = told(await applied(pool, tmp_path))
    assert ("centurion acme/sales", "changed", "handoff.wrods", "no", None) in changes
    assert await Directory(pool, CIPHER).centurion("acme") is not None
