"""All rules over one text."""

from __future__ import annotations

from datetime import date

from runtime.extraction.dates import find_dates
from runtime.extraction.documents import find_documents
from runtime.extraction.emails import find_emails
from runtime.extraction.folding import fold
from runtime.extraction.found import Found
from runtime.extraction.money import find_money
from runtime.extraction.names import find_names
from runtime.extraction.phones import find_phones
from runtime.extraction.places import find_places
from runtime.extraction.resolve import resolve


def extract(text: str, *, today: date) -> tuple[Found, ...]:
    """The facts in a text, ordered by where they start.

    Every fact's `quote` stands in the text from `start` to `end`; only the two ends of a range may
    share words ("2 a 3 mil"). Days without a year and days counted from now are reckoned from
    `today`. The work is linear in the text's length, and no text makes it fail.
    """
    folded = fold(text)
    candidates = [
        *find_emails(folded),
        *find_documents(folded),
        *find_phones(folded),
        *find_dates(folded, today),
        *find_money(folded),
        *find_places(folded),
        *find_names(folded),
    ]
    found = [candidate.found(folded) for candidate in resolve(candidates)]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))
