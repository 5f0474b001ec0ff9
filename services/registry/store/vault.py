"""The vault's keys: they seal personal data at rest and on the bus. Marks find a person without decryption.

Invariant: each person and each import has a data key of its own, wrapped by VAULT_KEY; a mark is a keyed hash, so without the
key nobody can read a number from the tables or find it by trying all numbers.
"""

import base64
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.registry.domain import names, person
from services.registry.domain.person import Personal
from shared import keys
from shared.events.registry import ContactRecorded, KeyWrapped, Sealed
from shared.messaging import sealing
from shared.messaging.sealing import DataKey

SENDER = "reporting"  # the service that sends to endpoints
_AT_REST = "vault"
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Chunk:
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class MadeSecret:
    """A new secret of an endpoint: `kept` under the vault's key, `sealed` for the service that sends."""

    key_id: UUID
    kept: bytes
    sealed: str


class Vault:
    """`readers`: name of a reading service → its X25519 public key, base64. `sender`: that of the service that signs for endpoints,
    to which no person's key is given. Raises ValueError for a vault key that is none.
    """

    def __init__(self, vault_key: str, readers: Mapping[str, str], *, sender: str = "") -> None:
        self._vault_key, self._readers, self._sender = vault_key, dict(readers), sender
        self._marks = hmac.digest(keys.from_setting("VAULT_KEY", vault_key), b"clearwater registry marks", "sha256")

    @property
    def readers(self) -> list[str]:
        return sorted(self._readers)

    def mark(self, *parts: str) -> bytes:
        """The same parts give the same 32 bytes, and nobody without the key can make them."""
        return hmac.digest(self._marks, "\x1f".join(parts).encode(), "sha256")

    def document_mark(self, personal: Personal) -> bytes:
        return self.mark("document", personal.document_type, personal.document_number)

    def name_mark(self, name: str) -> bytes:
        return self.mark("name", names.canonical(name))

    def new_key(self, owner_id: UUID) -> tuple[DataKey, bytes]:
        """A new data key and its wrapped form. `owner_id`: the person or import that it belongs to."""
        key = sealing.new_key()
        return key, sealing.wrap_at_rest(key, person_id=owner_id, vault_key=self._vault_key)

    def key(self, owner_id: UUID, key_id: UUID, wrapped: bytes) -> DataKey:
        return sealing.unwrap_at_rest(wrapped, key_id=key_id, person_id=owner_id, vault_key=self._vault_key)

    def new_signing_secret(self, endpoint_id: UUID) -> MadeSecret:
        key, kept = self.new_key(endpoint_id)
        sealed = sealing.wrap(key, person_id=endpoint_id, reader=SENDER, public_key=self._sender)
        return MadeSecret(key.key_id, kept, sealed)

    def signing_secret(self, endpoint_id: UUID, key_id: UUID, kept: bytes) -> str:
        """As the libraries of Standard Webhooks take it."""
        return "whsec_" + base64.b64encode(self.key(endpoint_id, key_id, kept).secret).decode()

    def seal(self, personal: Personal, *, key: DataKey, person_id: UUID) -> Sealed:
        return sealing.seal(personal.packed(), key=key, person_id=person_id, event_type=_AT_REST)

    def open(self, sealed: Sealed, *, key: DataKey, person_id: UUID) -> Personal:
        return person.unpacked(sealing.open_sealed(sealed, key=key, person_id=person_id, event_type=_AT_REST))

    def wrapped_for_readers(self, person_id: UUID, key: DataKey) -> KeyWrapped:
        wrapped = {
            reader: sealing.wrap(key, person_id=person_id, reader=reader, public_key=public)
            for reader, public in self._readers.items()
        }
        return KeyWrapped(person_id=person_id, key_id=key.key_id, wrapped=wrapped)

    def contact(self, person_id: UUID, key: DataKey, personal: Personal) -> ContactRecorded:
        content = personal.contact().model_dump_json().encode()
        sealed = sealing.seal(content, key=key, person_id=person_id, event_type=ContactRecorded.declared.type)
        return ContactRecorded(person_id=person_id, sealed=sealed)


def sealed_line(content: bytes, *, key: DataKey, import_id: UUID, row: int) -> bytes:
    """Seals the personal data of a line of an import."""
    chunk = seal_chunk(content, key=key, place=f"{import_id}/row/{row}")
    return chunk.nonce + chunk.ciphertext


def opened_line(content: bytes, *, key: DataKey, import_id: UUID, row: int) -> bytes:
    chunk = Chunk(content[:_NONCE_BYTES], content[_NONCE_BYTES:])
    return open_chunk(chunk, key=key, place=f"{import_id}/row/{row}")


def seal_chunk(content: bytes, *, key: DataKey, place: str) -> Chunk:
    """Seals a piece of an import, bound to its place, so that pieces cannot be swapped."""
    nonce = os.urandom(_NONCE_BYTES)
    return Chunk(nonce, AESGCM(key.secret).encrypt(nonce, content, place.encode()))


def open_chunk(chunk: Chunk, *, key: DataKey, place: str) -> bytes:
    return AESGCM(key.secret).decrypt(chunk.nonce, chunk.ciphertext, place.encode())
