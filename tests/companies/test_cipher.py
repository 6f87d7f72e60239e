"""Secrets at rest: the format that others write too, the two keys, and what is refused."""

from __future__ import annotations

import base64
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cipher import (
    CannotDecrypt,
    Cipher,
    CipherError,
    KeyInvalid,
    TextMalformed,
    key_bytes,
)

KEY, OTHER, THIRD = bytes(range(32)), b"\x01" * 32, b"\x02" * 32
SECRET = "sk-hunter2"


def b64(octets: str) -> str:
    return base64.b64encode(bytes.fromhex(octets)).decode()


def test_the_published_vector_is_decrypted() -> None:
    """Test case 14 of McGrew and Viega's specification of GCM: 16 zeros under zeros."""
    text = (
        f"v1:{b64('00' * 12)}:{b64('d0d1c8a799996bf0265b98b5d48ab919')}"
        f":{b64('cea7403d4d606b6e074ec5d3baf39d18')}"
    )

    assert Cipher(bytes(32)).decrypt(text) == "\0" * 16


def test_what_another_language_wrote_is_decrypted() -> None:
    """Written by Node's crypto: createCipheriv("aes-256-gcm", Buffer.alloc(32, 7), nonce)."""
    text = "v1:AAECAwQFBgcICQoL:ocqpa5nJVM3zuYVntqggWg==:Y6OIAHRWsiwOkN++kTNBmY5O102/odReNLM="

    assert Cipher(b"\x07" * 32).decrypt(text) == '{"api_key":"sk-coração"}'


@given(secret=st.text())
def test_decrypting_undoes_encrypting(secret: str) -> None:
    text = Cipher(KEY).encrypt(secret)

    version, *parts = text.split(":")
    assert version == "v1"
    assert [len(base64.b64decode(part)) for part in parts] == [12, 16, len(secret.encode())]
    assert Cipher(KEY).decrypt(text) == secret
    assert Cipher(OTHER, KEY).decrypt(text) == secret


def test_the_same_secret_is_another_text_each_time() -> None:
    assert len({Cipher(KEY).encrypt(SECRET) for _ in range(100)}) == 100


def test_only_what_the_previous_key_encrypted_needs_rotation() -> None:
    cipher = Cipher(KEY, OTHER)

    assert not cipher.needs_rotation(cipher.encrypt(SECRET))
    assert cipher.needs_rotation(Cipher(OTHER).encrypt(SECRET))
    with pytest.raises(CannotDecrypt):
        cipher.needs_rotation(Cipher(THIRD).encrypt(SECRET))


def test_every_flipped_bit_is_noticed() -> None:
    parts = [base64.b64decode(part) for part in Cipher(KEY).encrypt(SECRET).split(":")[1:]]
    for place, part in enumerate(parts):
        for byte, bit in itertools.product(range(len(part)), range(8)):
            changed = bytearray(part)
            changed[byte] ^= 1 << bit
            others = [*parts[:place], bytes(changed), *parts[place + 1 :]]
            text = ":".join(("v1", *(base64.b64encode(other).decode() for other in others)))
            with pytest.raises(CannotDecrypt):
                Cipher(KEY, OTHER).decrypt(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SECRET,
        "v1:::",
        "v2:" + Cipher(KEY).encrypt(SECRET)[3:],
        Cipher(KEY).encrypt(SECRET) + ":AAAA",
        Cipher(KEY).encrypt(SECRET).replace(":", ";"),
        f"v1:{b64('00' * 16)}:{b64('00' * 16)}:{b64('00')}",
        f"v1:{b64('00' * 12)}:{b64('00' * 12)}:{b64('00')}",
        f"v1:{b64('00' * 12)}:{b64('00' * 16)}:not base64",
    ],
    ids=range(9),
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(TextMalformed):
        Cipher(KEY).decrypt(text)


@pytest.mark.parametrize(
    "text", [SECRET, Cipher(OTHER).encrypt(SECRET)], ids=["plain", "another_key_s"]
)
def test_no_error_holds_the_secret_or_the_text(text: str) -> None:
    with pytest.raises(CipherError) as caught:
        Cipher(KEY).decrypt(text)

    assert text[3:] not in repr(caught.value) + str(caught.value)
    assert "hunter2" not in repr(caught.value)


def test_a_key_is_read_in_hex_and_in_either_base64() -> None:
    key = bytes.fromhex("fb" * 32)
    standard = base64.b64encode(key).decode()

    assert "+" in standard
    assert key_bytes("fb" * 32) == key_bytes("FB" * 32) == key
    assert key_bytes(standard) == key_bytes(standard.rstrip("=")) == key
    assert key_bytes(base64.urlsafe_b64encode(key).decode()) == key


@pytest.mark.parametrize("text", ["", "hunter2", "fb" * 31, "fb" * 33, "é" * 32, "A" * 42 + "!="])
def test_other_keys_are_refused_without_showing_them(text: str) -> None:
    with pytest.raises(KeyInvalid) as caught:
        key_bytes(text)

    assert not text or text not in str(caught.value)


def test_a_cipher_wants_keys_of_32_bytes() -> None:
    with pytest.raises(KeyInvalid):
        Cipher(b"short")
    with pytest.raises(KeyInvalid):
        Cipher(KEY, b"short")
