"""Which lead a conversation is: one lead a conversation, its id computed and never drawn.

The id is the UUID of version 5 (SHA-1) in the namespace below over the UTF-8 of
`<bytes of company_id>:<company_id><conversation_id>`, so that any producer can compute it, a turn
that is decided twice names the same lead, and no two pairs share one.

Source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
"""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("6b1f3c1e-6c0d-5d0a-9a3b-2f6f0d8f4b77")


def lead_id_for(company_id: str, conversation_id: str) -> str:
    """The id of a conversation's lead, as text in the usual form."""
    length = len(company_id.encode())
    return str(uuid5(NAMESPACE, f"{length}:{company_id}{conversation_id}"))
