"""`agent-runtime companies` as an operator uses it."""

from __future__ import annotations

import asyncio

import asyncpg
import orjson

from tests.companies.conftest import KEY
from tests.companies.files import WHOLE, written
from tests.runtime.operators import Operator

COUNT = "SELECT count(*) FROM core.companies"
AUDIT = "SELECT actor, action, arguments, affected FROM runtime.audit_log ORDER BY id"
SECRETS = ("hunter2", "sk-of-acme", "v1:")


async def test_a_file_is_looked_at_then_applied_then_there_is_nothing_to_do(
    operator: Operator,
) -> None:
    written(operator.folder)

    looked = await operator.run("companies", "apply", "company.yaml", "--dry-run")
    assert (looked.code, await operator.value(COUNT)) == (0, 0)
    assert "centurion acme/sales" in looked.out
    assert max(map(len, looked.out.splitlines())) <= 100

    unasked = await operator.run("companies", "apply", "company.yaml")
    assert (unasked.code, await operator.value(COUNT)) == (2, 0)
    declined = await operator.answer("n", "companies", "apply", "company.yaml")
    assert (declined.code, await operator.value(COUNT)) == (1, 0)
    assert await operator.rows(AUDIT) == []

    done = await operator.answer("y", "companies", "apply", "company.yaml", "--as", "Ana")
    assert (done.code, await operator.value(COUNT)) == (0, 1)
    assert "wrote 6 rows" in done.err
    ((actor, action, arguments, affected),) = await operator.rows(AUDIT)
    assert actor.startswith("Ana (ana@")
    assert (action, affected) == ("companies apply", 6)
    assert orjson.loads(arguments) == {"file": "company.yaml", "companies": ["acme"]}

    again = await operator.run("companies", "apply", "company.yaml", "--yes")
    assert (again.code, again.out.strip()) == (0, "nothing to do")
    assert len(await operator.rows(AUDIT)) == 1
    shown = "".join(answer.out + answer.err for answer in (looked, declined, done, again))
    assert not any(secret in shown for secret in SECRETS)


async def test_changes_are_given_as_json(operator: Operator) -> None:
    written(operator.folder, "companies: [{id: acme, name: Acme}]")

    answer = await operator.run("companies", "apply", "company.yaml", "--yes", "--json")
    assert {
        "what": "company acme",
        "change": "added",
        "field": "name",
        "old": None,
        "new": "Acme",
    } in (answer.rows())


async def test_a_wrong_file_is_wrong_use(operator: Operator) -> None:
    written(operator.folder, "companies:\n  - id: acme\n    nmae: Acme\n")

    answer = await operator.run("companies", "apply", "company.yaml", "--yes")
    assert answer.code == 2
    assert "company.yaml:3: companies.0.nmae" in answer.err
    assert "company.yaml:2: companies.0.name" in answer.err
    missing = await operator.run("companies", "apply", "nowhere.yaml", "--yes")
    assert (missing.code, "nowhere.yaml" in missing.err) == (2, True)
    for words in ([], ["company.yaml", "--rotate-keys"]):
        assert (await operator.run("companies", "apply", *words, "--yes")).code == 2


async def test_secrets_without_a_key_are_refused(operator: Operator) -> None:
    (operator.folder / ".env").unlink()
    written(operator.folder)

    for words in (["company.yaml"], ["--rotate-keys"]):
        answer = await operator.run("companies", "apply", *words, "--yes")
        assert answer.code == 2
        assert "CREDENTIALS_KEY is not set" in answer.err
    assert await operator.value(COUNT) == 0


async def test_standard_input_is_a_file_or_a_secret(operator: Operator) -> None:
    folder = operator.folder
    written(folder, "companies: [{id: acme, name: Acme}]", "typed.yaml")
    written(folder, "sk-typed\n", "typed.key")
    written(
        folder,
        "credential_sets: [{id: a, name: A, secrets: {api_key: {from_stdin: true}}}]",
    )

    asking = await operator.feed(folder / "typed.yaml", "companies", "apply", "-")
    assert (asking.code, await operator.value(COUNT)) == (2, 0)
    done = await operator.feed(folder / "typed.yaml", "companies", "apply", "-", "--yes")
    assert (done.code, await operator.value(COUNT)) == (0, 1)
    words = ("companies", "apply", "company.yaml", "--yes")
    assert (await operator.feed(folder / "typed.key", *words)).code == 0
    assert "nothing to do" in (await operator.feed(folder / "typed.key", *words)).out


async def test_companies_are_listed_and_shown_without_secrets(operator: Operator) -> None:
    written(operator.folder)
    await operator.run("companies", "apply", "company.yaml", "--yes")

    (row,) = (await operator.run("companies", "list", "--json")).rows()
    table = await operator.run("companies", "list")
    shown = await operator.run("companies", "show", "acme", "--json")
    pretty = await operator.run("companies", "show", "acme")

    assert (row["id"], row["centurions"], row["documents"]) == ("acme", 1, 2)
    assert (row["openai"], table.code) == ("custom", 0)
    (company,) = shown.rows()
    assert company["centurions"][0]["channels"]["whatsapp"]["secret"] == "set"
    assert company["bindings"][0]["secret"] == "set"
    assert [document["chunks"] for document in company["documents"]] == [1, 1]
    assert orjson.loads(pretty.out) == company
    assert not any(secret in shown.out + pretty.out + table.out for secret in SECRETS)
    missing = await operator.run("companies", "show", "globex")
    assert (missing.code, "no company globex" in missing.err) == (1, True)


async def test_keys_are_rotated(operator: Operator) -> None:
    written(operator.folder)
    await operator.run("companies", "apply", "company.yaml", "--yes")
    new = "ff" * 32
    env = operator.folder / ".env"
    env.write_text(f"CREDENTIALS_KEY={new}\nCREDENTIALS_KEY_PREVIOUS={KEY}\n")

    looked = await operator.run("companies", "apply", "--rotate-keys", "--dry-run")
    assert "3 secrets would be re-encrypted" in looked.out
    done = await operator.run("companies", "apply", "--rotate-keys", "--json")
    assert (done.code, done.rows()) == (0, [{"rotated": 3, "current": 0, "unreadable": []}])
    assert (await operator.rows(AUDIT))[-1][3] == 3

    env.write_text(f"CREDENTIALS_KEY={new}\n")
    again = await operator.run("companies", "apply", "--rotate-keys")
    assert "3 were under the current key" in again.out
    assert (
        "nothing to do" in (await operator.run("companies", "apply", "company.yaml", "--yes")).out
    )
    env.write_text(f"CREDENTIALS_KEY={KEY}\n")
    lost = await operator.run("companies", "apply", "--rotate-keys")
    assert lost.code == 1
    assert "the secret of credential set main" in lost.err


async def test_what_was_shown_is_what_is_written(operator: Operator, pool: asyncpg.Pool) -> None:
    """Somebody changes the company between the look and the write: nothing is written."""
    written(operator.folder, "companies: [{id: acme, name: Acme}]")
    await pool.execute("INSERT INTO core.companies (id, name) VALUES ('acme', 'Old')")
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(7203101918)")
        command = asyncio.create_task(
            operator.run("companies", "apply", "company.yaml", "--yes"), name="apply"
        )
        while not await pool.fetchval(waiting):
            assert not command.done()
        await pool.execute("UPDATE core.companies SET name = 'Other'")
    answer = await command

    assert answer.code == 1
    assert "somebody changed it meanwhile" in answer.err
    assert await operator.value("SELECT name FROM core.companies") == "Other"


def test_the_file_of_the_tests_holds_the_secrets_that_are_looked_for() -> None:
    assert all(secret in WHOLE for secret in SECRETS[:2])
