"""Files of companies for the tests, and what applying one does."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from runtime.cipher import Cipher
from runtime.companies import apply
from runtime.companies.changes import RowChange
from runtime.companies.reading import read_file
from runtime.companies.sealing import Sealer

CIPHER = Cipher(bytes(32))
WHOLE = """
credential_sets:
  - id: main
    name: Main account
    default: true
    config: {base_url: "https://api.example/v1", daily_budget_usd: 5}
    secrets: {api_key: sk-hunter2}
companies:
  - id: acme
    name: Acme
    settings: {default_centurion_id: sales, quiet_hours: {start: 22:00, end: 08:00}}
    bindings:
      openai: {mode: custom, config: {timeout_s: 30}, secrets: {api_key: sk-of-acme}}
    centurions:
      - id: sales
        name: Vendas
        prompt: Seja gentil.
        qualification:
          criteria:
            - {key: email, type: field_present, field: email, label: seu e-mail}
        handoff: {words: [no, gerente]}
        channels:
          whatsapp: {kind: webhook, url: "https://gateway.example/send", secret: whsec_hunter2}
    knowledge:
      - {id: hours, title: Horário, body: "Abrimos de segunda a sexta."}
      - {id: address, title: Endereço, body: "Rua das Acácias, 250."}
"""


def written(folder: Path, text: str = WHOLE, name: str = "company.yaml") -> str:
    """A file's path."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


async def applied(
    pool: asyncpg.Pool, folder: Path, text: str = WHOLE, cipher: Cipher | None = CIPHER
) -> list[RowChange]:
    """Apply a file; returns what it changed."""
    file = read_file(written(folder, text))
    async with pool.acquire() as conn, conn.transaction():
        changes = await apply.planned(conn, file, Sealer(cipher))
        await apply.write(conn, changes)
    return changes


def told(changes: list[RowChange]) -> set[tuple[str, str, str, str | None, str | None]]:
    """The changes as they are shown."""
    return {
        (line["what"], line["change"], line["field"], line["old"], line["new"])
        for change in changes
        for line in change.told()
    }
