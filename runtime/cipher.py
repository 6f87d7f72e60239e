"""Secrets at rest: AES-256-GCM, in texts that the platform's back office reads and writes too.

A text is `v1:nonce:tag:ciphertext`, the three parts in standard base64: a nonce of 12 bytes, a tag
of 16, UTF-8 within. There is no associated data (`docs/adr/0009-secrets-at-rest.md` says why).

CipherError
├── KeyInvalid        a key that is not 32 bytes in base64 or hex
├── KeyMissing        there is a secret, and no CREDENTIALS_KEY
├── TextMalformed     not a text of this form
└── CannotDecrypt     neither key opens it: another key's, or changed since

No error holds a key, a secret or a part of either.
"""

from __future__ import annotations

import base64
import binascii
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_VERSION = "v1"


class CipherError(Exception):
    """Base of what keeps a secret from being encrypted or decrypted."""


class KeyInvalid(CipherError):
    """The text of a key is not 32 bytes in base64 or hex."""

    def __init__(self) -> None:
        super().__init__("a key is 32 bytes, written in base64 or in hex")


class KeyMissing(CipherError):
    """A secret is to be encrypted or decrypted, and no key is configured."""

    def __init__(self) -> None:
        super().__init__("CREDENTIALS_KEY is not set: secrets can neither be read nor written")


class TextMalformed(CipherError):
    """The text is not `v1:nonce:tag:ciphertext`."""

    def __init__(self) -> None:
        super().__init__("not an encrypted secret of the form v1:nonce:tag:ciphertext")


class CannotDecrypt(CipherError):
    """Neither key opens the text."""

    def __init__(self) -> None:
        super().__init__(
            "neither CREDENTIALS_KEY nor CREDENTIALS_KEY_PREVIOUS opens this secret: "
            "it was encrypted with another key, or changed since"
        )


def key_bytes(text: str) -> bytes:
    """The key that a text stands for: 64 hex digits, or base64 (either alphabet) of 32 bytes.

    Raises:
        KeyInvalid: it stands for none.
    """
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise KeyInvalid from None
    if len(key) != _KEY_BYTES:
        raise KeyInvalid
    return key


class NoKey:
    """Stands for the cipher where no key is configured: nothing opens."""

    def decrypt(self, text: str) -> str:
        """Raises `KeyMissing`."""
        raise KeyMissing


class Cipher:
    """Encrypts under the current key; decrypts what it or the previous one has encrypted."""

    __slots__ = ("_current", "_previous")

    def __init__(self, key: bytes, previous: bytes | None = None) -> None:
        """Keys of 32 bytes. Raises `KeyInvalid` for others."""
        if len(key) != _KEY_BYTES or (previous is not None and len(previous) != _KEY_BYTES):
            raise KeyInvalid
        self._current = AESGCM(key)
        self._previous = AESGCM(previous) if previous is not None else None

    def encrypt(self, text: str) -> str:
        """The secret under the current key; another text each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._current.encrypt(nonce, text.encode(), None)
        parts = (nonce, sealed[-_TAG_BYTES:], sealed[:-_TAG_BYTES])
        return ":".join((_VERSION, *(base64.b64encode(part).decode() for part in parts)))

    def decrypt(self, text: str) -> str:
        """The secret.

        Raises:
            TextMalformed: it has another form or version.
            CannotDecrypt: neither key opens it.
        """
        return self._open(text)[0]

    def needs_rotation(self, text: str) -> bool:
        """Whether the text is the previous key's. Raises what `decrypt` raises."""
        return self._open(text)[1]

    def _open(self, text: str) -> tuple[str, bool]:
        nonce, sealed = _parsed(text)
        for key, is_previous in ((self._current, False), (self._previous, True)):
            if key is None:
                continue
            try:
                return key.decrypt(nonce, sealed, None).decode(), is_previous
            except InvalidTag:
                continue
            except UnicodeDecodeError:
                raise TextMalformed from None
        raise CannotDecrypt


def _parsed(text: str) -> tuple[bytes, bytes]:
    """The nonce, and the ciphertext with its tag behind it, as AES-GCM takes them."""
    version, *encoded = text.split(":")
    if version != _VERSION or len(encoded) != 3:
        raise TextMalformed
    try:
        nonce, tag, ciphertext = (base64.b64decode(part, validate=True) for part in encoded)
    except (binascii.Error, ValueError):
        raise TextMalformed from None
    if len(nonce) != _NONCE_BYTES or len(tag) != _TAG_BYTES:
        raise TextMalformed
    return nonce, ciphertext + tag
