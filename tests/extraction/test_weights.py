"""What no rule decides is weighed by weights that were fitted to the labelled messages of today."""

from __future__ import annotations

from functools import partial

import pytest

from runtime.extraction.extractor import extract_with
from runtime.extraction.weights import ALWAYS, Weighed, evidence, fitted
from tests.extraction.fitting import DATA, KINDS, all_vectors, digest, fit, set_vectors
from tests.extraction.reading import TODAY, values
from tests.extraction.scoring import read_labelled, score

NOTHING = {ALWAYS: -100.0}
HERE = DATA.parents[2] / "tests/extraction"


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_are_fitted_to_the_labelled_messages_and_features_of_today(
    kind: Weighed,
) -> None:
    """Fails when labels, examples or features changed: run `python -m tests.extraction.fitting`."""
    head = (DATA / f"weights_{kind}.tsv").read_text("utf-8").split("\n")[1]
    assert head == f"# sha256 {digest(all_vectors(kind))}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_messages_give_the_same_weights(kind: Weighed) -> None:
    vectors = set_vectors(kind, "development")
    assert fit(kind, vectors) == fit(kind, list(vectors)) != {}


@pytest.mark.parametrize("kind", KINDS)
def test_weighing_adds_facts_to_the_last_set_and_hardly_anything_else(kind: Weighed) -> None:
    sentences = read_labelled(HERE / "fourth_sealed.jsonl")
    alone = score(sentences, partial(extract_with, names=NOTHING, towns=NOTHING))[kind]
    both = score(sentences, partial(extract_with, names=fitted("name"), towns=fitted("city")))[kind]
    assert both.right > alone.right
    assert both.found - both.right <= alone.found - alone.right + 2


def test_a_feature_counts_once_and_an_unknown_one_not_at_all() -> None:
    weights = {ALWAYS: -1.0, "before=^": 2.5}
    assert evidence(weights, ["before=^", "before=^", "never seen"]) == 1.5


@pytest.mark.parametrize(
    ("text", "name", "town"),
    [
        ("Petrolina, Ednalva", ["Ednalva"], ["Petrolina"]),
        ("Darlan. Rio Verde. preciso de peça pra trator", ["Darlan"], ["Rio Verde"]),
        ("é pra mim, Gumercindo", ["Gumercindo"], []),
        ("a Gumercinda ligou? ela disse que vinha", [], []),
        ("nasci perto de Xapuri? não sei", [], []),
    ],
)
def test_what_stands_free_is_weighed_by_its_surroundings(
    text: str, name: list[str], town: list[str]
) -> None:
    assert values("name", text, TODAY) == name
    assert values("city", text, TODAY) == town
