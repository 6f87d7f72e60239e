"""The live part of the demo: a real service answers three customers, without any key."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from importlib.resources import as_file, files

import asyncpg
from rich.console import Console

from consumers.redis_clients import RedisClient
from events.publisher import Publisher, PublisherSettings
from runtime.cli.acting import audit
from runtime.companies import apply as applying
from runtime.companies.reading import CompanyFile, read_file
from runtime.companies.sealing import Sealer
from runtime.demo.chat import Chat
from runtime.demo.stage import NothingHappened, Stage
from runtime.service import Service
from runtime.settings import Settings

COMPANY = "sorriso-leve"
DEBOUNCE_MS = 600
_HUMAN = "Paula"


async def show_bot(
    settings: Settings, db: asyncpg.Connection, redis: RedisClient, console: Console
) -> list[str]:
    """Configure the company of `company.yaml`, serve, and let its customers write.

    Returns the conversations' ids.

    Raises:
        NothingHappened: the service did not do what is expected of it.
        runtime.service.StartRefused: it must not run against these servers.
    """
    await _configure(settings, db)
    publisher = Publisher(
        redis,
        settings=PublisherSettings(partitions=settings.partitions, prefix=settings.stream_prefix),
    )
    always_on = {"disable_connections": False, "disable_workers": False}
    service = Service(settings.model_copy(update=always_on), process_metrics=False)
    stop = asyncio.Event()
    shown: list[str] | NothingHappened
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(service.run(stop), name="demo-service")
        try:
            shown = await _scenes(db, publisher, Chat(console))
        except NothingHappened as error:
            shown = error
        stop.set()
    if isinstance(shown, NothingHappened):
        raise shown
    return shown


async def _configure(settings: Settings, db: asyncpg.Connection) -> None:
    """As `agent-runtime companies apply` does it, of the same file."""
    with as_file(files("runtime.demo").joinpath("company.yaml")) as path:
        file = _hurried(read_file(str(path)))
    async with db.transaction():
        await applying.hold_the_lock(db)
        changes = await applying.planned(db, file, Sealer(settings.cipher()))
        await applying.write(db, changes)
        arguments = {"file": file.name, "companies": [COMPANY]}
        await audit(db, "companies apply", by="demo", arguments=arguments, affected=len(changes))


def _hurried(file: CompanyFile) -> CompanyFile:
    """The company with a short debounce, and open at any hour, so that every demo goes alike."""
    companies = [
        company.model_copy(
            update={
                "settings": company.settings.model_copy(
                    update={"quiet_hours": None, "holidays": ()}
                ),
                "centurions": tuple(
                    centurion.model_copy(update={"debounce_ms": DEBOUNCE_MS})
                    for centurion in company.centurions
                ),
            }
        )
        for company in file.written.companies
    ]
    return replace(file, written=file.written.model_copy(update={"companies": tuple(companies)}))


async def _scenes(db: asyncpg.Connection, publisher: Publisher, chat: Chat) -> list[str]:
    played = []
    for title, scene, customer in (
        ("A burst gets one answer; then a lead is qualified", _burst, "Marina"),
        ("A human takes over: the bot falls silent, and comes back", _handover, "Caio"),
        ("Who wants no more messages gets none", _opt_out, "Bruno"),
    ):
        on = Stage(db, publisher, chat, COMPANY, customer)
        chat.title(f"{title} (conversation {on.conversation_id})")
        await scene(on)
        await on.tell_decisions()
        played.append(on.conversation_id)
    return played


async def _burst(on: Stage) -> None:
    await on.write("oi, bom dia!", "queria saber", "quanto custa o clareamento?")
    await on.write("Marina Duarte, (19) 98765-4321", "dá pra parcelar no cartão de crédito?")
    await on.write("ótimo! meu e-mail é marina.duarte@exemplo.com.br e moro em Campinas")


async def _handover(on: Stage) -> None:
    await on.write("boa tarde, quero falar com um atendente")
    await on.take_over(_HUMAN, "Olá, aqui é a Paula, da recepção. Em que posso ajudar?")
    await on.write("quebrei um dente, dá pra encaixar hoje?")
    await on.give_back(_HUMAN)
    await on.write("e onde fica a clínica? tem estacionamento?")


async def _opt_out(on: Stage) -> None:
    await on.write("parem de me mandar mensagem, por favor")
    await on.write("quanto custa a limpeza?")
