"""All rules over one text, and the weighing of the names and towns that no rule decides."""

from __future__ import annotations

from datetime import date

from runtime.extraction.dates import find_dates
from runtime.extraction.documents import find_documents
from runtime.extraction.emails import find_emails
from runtime.extraction.folding import fold
from runtime.extraction.found import Found
from runtime.extraction.gazetteer import misspelt_places
from runtime.extraction.money import find_money
from runtime.extraction.name_words import first_name_stems, first_names, surnames
from runtime.extraction.names import find_names
from runtime.extraction.phones import find_phones
from runtime.extraction.places import find_places
from runtime.extraction.resolve import resolve
from runtime.extraction.weighed_names import find_weighed_names
from runtime.extraction.weighed_places import find_weighed_places
from runtime.extraction.weights import Weights, fitted


def load_lists() -> None:
    """Read every list and weight that `extract` looks into; else the texts that need them first do.

    Takes about a tenth of a second, once in a process; may be called from any thread.
    """
    for kind in ("name", "city"):
        fitted(kind)
    for listed in (first_name_stems, first_names, surnames, misspelt_places):
        listed()


def extract(text: str, *, today: date) -> tuple[Found, ...]:
    """The facts in a text, ordered by where they start.

    Every fact's `quote` stands in the text from `start` to `end`; only the two ends of a range may
    share words ("2 a 3 mil"). Days without a year and days counted from now are reckoned from
    `today`. The work is linear in the text's length, and no text makes it fail.
    """
    return extract_with(text, today=today, names=fitted("name"), towns=fitted("city"))


def extract_with(text: str, *, today: date, names: Weights, towns: Weights) -> tuple[Found, ...]:
    """The same by weights of the caller's, so that others can be tried."""
    folded = fold(text)
    told = list(find_names(folded))
    placed = list(find_places(folded))
    placed.extend(find_weighed_places(folded, [*told, *placed], towns))
    candidates = [
        *find_emails(folded),
        *find_documents(folded),
        *find_phones(folded),
        *find_dates(folded, today),
        *find_money(folded),
        *placed,
        *(told or find_weighed_names(folded, placed, names)),
    ]
    found = [candidate.found(folded) for candidate in resolve(candidates)]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))
