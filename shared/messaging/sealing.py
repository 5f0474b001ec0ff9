"""Sealing: what concerns a person travels and rests as ciphertext under that person's own data key.

    data key ─ AES-256-GCM ─▶ content            bound to person, key and event type
    data key ─ HPKE (RFC 9180) ─▶ one per reader bound to person, key and reader
    data key ─ AES-256-GCM under the vault's key ─▶ the owner's database

Invariant: without the data key nothing about the person can be read, so deleting it everywhere deletes them from
every past event. A ciphertext moved to another person, key or type does not open.
Left to others: keeping, sending and deleting the keys (registry's vault; the reading services' own tables).
"""

import base64
import binascii
import os
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from uuid_utils.compat import uuid7

from shared.events.registry import Sealed

_NONCE_BYTES = 12
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Unopened(Exception):  # noqa: N818 - it is an answer, not an error
    """Wrong key, wrong person, wrong type, or bytes that were changed on the way."""


@dataclass(frozen=True)
class DataKey:
    """The key of one person. `secret` is 32 bytes and never shown."""

    key_id: UUID
    secret: bytes = field(repr=False)


def new_key() -> DataKey:
    return DataKey(uuid7(), AESGCM.generate_key(bit_length=256))


def seal(content: bytes, *, key: DataKey, person_id: UUID, event_type: str) -> Sealed:
    """A fresh nonce each time: the same content sealed twice gives two ciphertexts."""
    nonce = os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(key.secret).encrypt(nonce, content, _binding(person_id, key.key_id, event_type))
    return Sealed(key_id=key.key_id, nonce=_text(nonce), ciphertext=_text(ciphertext))


def open_sealed(sealed: Sealed, *, key: DataKey, person_id: UUID, event_type: str) -> bytes:
    """Raises Unopened."""
    bound = _binding(person_id, sealed.key_id, event_type)
    try:
        return AESGCM(key.secret).decrypt(_bytes(sealed.nonce), _bytes(sealed.ciphertext), bound)
    except (InvalidTag, ValueError) as refusal:
        raise Unopened(f"{event_type} of {person_id} under key {sealed.key_id}") from refusal


def wrap(key: DataKey, *, person_id: UUID, reader: str, public_key: str) -> str:
    """The data key for one reading service, base64; `public_key` is its X25519 key, base64 of 32 bytes."""
    public = X25519PublicKey.from_public_bytes(_bytes(public_key))
    return _text(_SUITE.encrypt(key.secret, public, _binding(person_id, key.key_id, reader)))


def unwrap(wrapped: str, *, key_id: UUID, person_id: UUID, reader: str, private_key: str) -> DataKey:
    """Raises Unopened. `private_key` is the reader's X25519 key, base64 of 32 bytes."""
    private = X25519PrivateKey.from_private_bytes(_bytes(private_key))
    try:
        return DataKey(key_id, _SUITE.decrypt(_bytes(wrapped), private, _binding(person_id, key_id, reader)))
    except (InvalidTag, ValueError) as refusal:
        raise Unopened(f"key {key_id} of {person_id}, wrapped for {reader}") from refusal


def wrap_at_rest(key: DataKey, *, person_id: UUID, vault_key: str) -> bytes:
    """For the owner's own table: nonce and ciphertext. `vault_key` is base64 of 32 bytes."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_bytes(vault_key)).encrypt(nonce, key.secret, _binding(person_id, key.key_id, "vault"))


def unwrap_at_rest(wrapped: bytes, *, key_id: UUID, person_id: UUID, vault_key: str) -> DataKey:
    """Raises Unopened."""
    nonce, ciphertext = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        secret = AESGCM(_bytes(vault_key)).decrypt(nonce, ciphertext, _binding(person_id, key_id, "vault"))
    except (InvalidTag, ValueError) as refusal:
        raise Unopened(f"key {key_id} of {person_id} in the vault") from refusal
    return DataKey(key_id, secret)


def key_pair() -> tuple[str, str]:
    """A reading service's (private, public) X25519 keys, base64."""
    private = X25519PrivateKey.generate()
    return _text(private.private_bytes_raw()), _text(private.public_key().public_bytes_raw())


def _binding(person_id: UUID, key_id: UUID, purpose: str) -> bytes:
    return f"{person_id}|{key_id}|{purpose}".encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as refusal:
        raise Unopened("not base64") from refusal
