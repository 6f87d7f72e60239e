"""What a company's documents say to a question, found by its words alone."""

from __future__ import annotations

import asyncpg

from projections.statements import statements
from runtime.agent.context import Passage
from runtime.companies.words import asked

MINIMUM = 0.35
"""The gate: what scores less does not answer the question."""
_SQL = statements("runtime.companies", "knowledge.sql")


class KnowledgeSearch:
    """Keyword search: Portuguese stems without accents, ranked by BM25 within the company."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def passages(
        self, company_id: str, question: str, *, limit: int = 5, minimum: float = MINIMUM
    ) -> tuple[Passage, ...]:
        """The best passages, best first, none below `minimum`; () where nothing answers.

        A score of 1 is a passage with each word of the question, whatever else the company knows;
        words that are rare in its documents count most. The company's documents alone are looked
        at, before anything is ranked.
        """
        words = asked(question)
        if not words:
            return ()
        async with self._pool.acquire() as conn:
            rows = await conn.fetch(_SQL["passages"], company_id, words, limit)
        found = (
            Passage(
                document_id=row["document_id"],
                version=row["version"],
                chunk=row["ordinal"],
                title=row["title"],
                text=row["body"],
                score=min(1.0, row["score"]),
            )
            for row in rows
        )
        return tuple(passage for passage in found if passage.score >= minimum)
