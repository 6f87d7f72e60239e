"""Companies to measure with, loaded as an operator loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import yaml

from runtime.bench.world import MODEL, WORKING_KEY, World
from runtime.companies import apply as applying
from runtime.companies.reading import read_file
from runtime.companies.sealing import Sealer
from runtime.settings import Settings

_CRITERIA = [("name", "seu nome"), ("email", "seu e-mail"), ("city", "sua cidade")]
_KNOWLEDGE = [
    ("prices", "Preços", "O plano básico custa R$ 99,00 por mês e o plano completo R$ 189,00."),
    ("hours", "Horários", "Atendemos de segunda a sexta, das 8h às 18h, e aos sábados até 12h."),
    ("delivery", "Entrega", "A entrega leva de 3 a 5 dias úteis para todo o Brasil."),
    ("payment", "Pagamento", "Aceitamos PIX, boleto e cartão de crédito em até 12 vezes."),
    ("exchange", "Trocas", "Você pode trocar o produto em até 30 dias com a nota fiscal."),
    ("address", "Endereço", "Nossa loja fica na Avenida Paulista, 1000, em São Paulo."),
]
_SECRET = "whsec_" + "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g="


def company(
    company_id: str, world: World, *, debounce_ms: int, turns_at_once: int = 8
) -> dict[str, Any]:
    """One with a centurion, six documents, three facts to ask for and a signed webhook."""
    return {
        "id": company_id,
        "name": f"Empresa {company_id}",
        "settings": {"turns_at_once": turns_at_once},
        "centurions": [
            {
                "id": "cora",
                "name": "Cora",
                "prompt": "Você é a Cora, atendente da loja. Seja breve e cordial.",
                "debounce_ms": debounce_ms,
                "max_wait_ms": max(30_000, debounce_ms),
                "qualification": {"criteria": [_criterion(*one) for one in _CRITERIA]},
                # A company of the bench has no humans: who was handed over would wait for one.
                "handoff": {"enabled": False},
                "channels": {"*": {"kind": "webhook", "url": world.channel_url, "secret": _SECRET}},
            }
        ],
        "knowledge": [{"id": i, "title": t, "body": b} for i, t, b in _KNOWLEDGE],
    }


def model(world: World) -> dict[str, Any]:
    """The default credential set: the world's model, for every company that says nothing else."""
    return {
        "id": "bench",
        "name": "Bench",
        "default": True,
        "config": _config(world),
        "secrets": {"api_key": WORKING_KEY},
    }


def own_key(world: World, key: str, **config: Any) -> dict[str, Any]:
    """A company's own binding, with a key of its own."""
    binding = {
        "mode": "custom",
        "config": _config(world) | config,
        "secrets": {"api_key": key},
    }
    return {"openai": binding}


async def load(
    db: asyncpg.Connection, settings: Settings, folder: Path, written: dict[str, Any]
) -> None:
    """Apply the file that says so."""
    path = folder / "companies.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    file, sealer = read_file(str(path)), Sealer(settings.cipher())
    async with db.transaction():
        await applying.hold_the_lock(db)
        await applying.write(db, await applying.planned(db, file, sealer))


def _criterion(name: str, label: str) -> dict[str, Any]:
    return {"key": name, "type": "field_present", "field": name, "required": True, "label": label}


def _config(world: World) -> dict[str, Any]:
    # As many at once as there may be turns: a bound of the credentials' is not what is measured.
    return {
        "base_url": world.model_url,
        "api": "chat",
        "models": {"chat": MODEL},
        "max_concurrency": 256,
    }
