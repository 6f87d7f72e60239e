"""Codes of before whose rows are those of the present code, though their fingerprints differ.

A changed fold is told to the operator of every installation, until the read model is built anew. Where
a test proves that the rows are the same (an event's attribute was renamed, a fold was rewritten), that
would be work for nothing: the fingerprint of the code of before is listed here, with the proof. Entries
stay, because installations skip releases; those of a projection go when its version is raised.
"""

from __future__ import annotations

from collections.abc import Mapping

_RENAMED_DURATION = "test_an_event_gives_the_same_rows_in_an_earlier_version_and_in_the_current_one"

_FOUND_BY_CONVERSATION = "test_messages_found_by_conversation_are_those_a_search_of_all_finds"

SAME_ROWS: Mapping[str, Mapping[str, str]] = {
    "messages": {
        "v2:e39821284e71cd36cad37a3f1de45541ecda90e0204c0c957ff691f1ad6a364a": (
            _FOUND_BY_CONVERSATION
        ),
    },
    "rag_queries": {
        "f6b76b4fad6e6601aac18e82771e9920fae8349ad7729f5ee2a332644b070101": _RENAMED_DURATION,
    },
}
"""Projection → fingerprint of the code of before → the test that holds its rows to be the same."""
