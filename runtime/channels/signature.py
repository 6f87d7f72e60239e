"""The Standard Webhooks signature of a request: who sent it, when, and that nobody changed it.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"


class SecretInvalid(ValueError):
    """A signing secret is not `whsec_` and base64; its text is in no message."""


def signed_headers(
    secret: str | None, *, message_id: str, timestamp_s: int, body: bytes
) -> Mapping[str, str]:
    """`webhook-id`, `webhook-timestamp` and, with a secret, `webhook-signature`.

    The signature is over `id.timestamp.body`, the body byte for byte as it goes out.

    Raises:
        SecretInvalid: the secret is not `whsec_<base64>`.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s)}
    if secret is None:
        return headers
    content = f"{message_id}.{timestamp_s}.".encode() + body
    digest = hmac.new(_key(secret), content, hashlib.sha256).digest()
    return {**headers, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        raise SecretInvalid("the signing secret does not begin with whsec_")
    encoded = secret.removeprefix(_PREFIX)
    try:
        # Some products leave the padding out.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Without its cause: that one may quote the secret.
        raise SecretInvalid("the signing secret is not base64 behind whsec_") from None
    if not key:
        raise SecretInvalid("the signing secret is empty")
    return key
