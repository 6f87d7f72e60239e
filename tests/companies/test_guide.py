"""The guide to configuring a company works as written, with the company that it begins with."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import asyncpg

from runtime.companies.directory import Directory
from runtime.companies.knowledge import KnowledgeSearch
from tests.companies.files import CIPHER, applied, written
from tests.runtime.operators import Operator

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "configure-a-company.md").read_text(encoding="utf-8")
DEMO = ROOT / "runtime" / "demo" / "company.yaml"
QUESTIONS = {
    "Vocês abrem aos sábados?": "horario",
    "qual o horário de atendimento": "horario",
    "tem estacionamento aí?": "endereco",
    "Oi, bom dia! Quanto custa o clareamento?": "precos",
    "qual o valor de um implante": "precos",
    "posso pagar com pix?": "pagamento",
    "vocês atendem o plano DentalMais?": "convenios",
    "meu dente quebrou e está doendo muito": "urgencia",
    "atende criança de 3 anos?": "criancas",
    "como faço pra remarcar minha consulta": "agendamento",
    "posso tomar café depois do clareamento?": "clareamento",
    "quero apagar meus dados": "privacidade",
}
UNANSWERED = (
    "vocês vendem pneu de trator?",
    "qual a capital da Mongólia?",
    "qual o preço do dólar hoje?",
    "tem pizza de calabresa?",
    "vocês fazem harmonização facial?",
    "Oi, tudo bem?",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


async def test_every_command_of_the_guide_works_as_written(operator: Operator) -> None:
    shutil.copy(DEMO, operator.folder / "company.yaml")
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    ours = [shlex.split(line)[1:] for line in commands if line.startswith("agent-runtime ")]
    assert len(ours) == 5
    assert len(commands) == len(ours) + 1

    for words in ours:
        answer = await operator.run(*words)
        assert answer.code == 0, (words, answer.err)
    assert "nothing to do" in (await operator.run(*ours[1])).out


async def test_the_files_of_the_guide_can_be_applied(operator: Operator) -> None:
    files = blocks("yaml")
    assert len(files) == 2
    written(operator.folder, "sk-of-the-guide", "openai.key")
    for text in files:
        written(operator.folder, text)
        key = operator.folder / "openai.key"
        answer = await operator.feed(key, "companies", "apply", "company.yaml", "--yes")
        assert answer.code == 0, answer.err
    assert await operator.value("SELECT count(*) FROM core.companies") == 2


async def test_the_example_answers_what_its_customers_ask(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    await applied(pool, tmp_path, DEMO.read_text(encoding="utf-8"), cipher=None)
    centurion = await Directory(pool, CIPHER).centurion("sorriso-leve")
    search = KnowledgeSearch(pool)

    assert centurion is not None
    assert 4 <= len(centurion.qualification.criteria) <= 6
    channel = centurion.channel("whatsapp")
    assert channel is not None
    assert channel.kind == "log"
    for question, document in QUESTIONS.items():
        found = await search.passages("sorriso-leve", question)
        assert [p.document_id for p in found[:1]] == [document], question
    for question in UNANSWERED:
        assert await search.passages("sorriso-leve", question) == (), question
