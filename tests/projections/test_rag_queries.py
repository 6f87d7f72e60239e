"""RAG queries: what was looked up, what was found, what is missing."""

from __future__ import annotations

import pytest

from projections.rag_queries import PROJECTION
from tests.projections.spec import event, given


@pytest.mark.parametrize(
    ("outcome", "best", "reason"),
    [("retrieved", 0.9, None), ("no_match", None, None), ("failed", None, "timeout")],
)
def test_a_query_tells_how_it_ended(outcome: str, best: float | None, reason: str | None) -> None:
    asked = event(f"rag.{outcome}")
    columns = {"outcome": outcome, "best_score": best, "reason": reason, "query": "preço?"}
    given(PROJECTION).when(asked).then({"rag_queries": {("acme", "c-1", asked.event.id): columns}})


def test_an_erased_contact_leaves_its_own_queries_without_text() -> None:
    own, other = event("rag.no_match"), event("rag.no_match", "c-2")
    given(PROJECTION, own, other).when(event("contact.erased")).then(
        {
            "rag_queries": {
                ("acme", "c-1", own.event.id): {"query": None, "outcome": "no_match"},
                ("acme", "c-2", other.event.id): {"query": "preço?"},
            }
        }
    )
