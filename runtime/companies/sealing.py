"""Encrypts a file's secrets, and leaves alone those that stand already."""

from __future__ import annotations

from typing import Any

import orjson

from runtime.cipher import Cipher, CipherError, KeyMissing


class Sealer:
    """Gives the encrypted text of a wanted secret: the standing one, where it says the same."""

    def __init__(self, cipher: Cipher | None) -> None:
        self._cipher = cipher

    def text(self, wanted: str, stands: str | None) -> str:
        """Of a secret that is a text by itself. Raises `KeyMissing`."""
        if stands is not None and self._opened(stands) == wanted:
            return stands
        return self._key().encrypt(wanted)

    def fields(self, wanted: dict[str, str], stands: str | None) -> str:
        """Of a JSON object; what the standing one holds beside is kept. Raises `KeyMissing`."""
        kept = self._object(stands)
        if stands is not None and {**kept, **wanted} == kept:
            return stands
        return self._key().encrypt(orjson.dumps({**kept, **wanted}).decode())

    def _object(self, stands: str | None) -> dict[str, Any]:
        opened = self._opened(stands) if stands is not None else None
        try:
            found = orjson.loads(opened) if opened is not None else {}
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    def _opened(self, stands: str) -> str | None:
        """What stands; None where no key opens it, so that it is written anew."""
        try:
            return self._key().decrypt(stands)
        except KeyMissing:
            raise
        except CipherError:
            return None

    def _key(self) -> Cipher:
        if self._cipher is None:
            raise KeyMissing
        return self._cipher
