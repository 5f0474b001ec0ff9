"""Decrypts contacts in memory. The only place in notify where personal data becomes readable.

Invariant: the result is never stored or logged, and is sent only to the gateway.
"""

from dataclasses import dataclass, field
from datetime import tzinfo
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text

from services.notify.store import zones
from shared import keys
from shared.events.registry import ContactDetails, ContactRecorded, Sealed
from shared.messaging import sealing
from shared.service.database import Transaction

READER = "notify"

_SEALED = text("""
    select contacts.key_id, nonce, ciphertext, wrapped from contacts join person_keys using (district, person_id,
        key_id)
    where person_id = :person_id and wrapped is not null
""")


class Contact(ContactDetails):
    """A contact as recorded, with the person's own time zone if the register has one."""

    time_zone: str | None = None

    @property
    def zone(self) -> tzinfo:
        return zones.of(self.time_zone, self.mobile)


@dataclass(frozen=True)
class Opener:
    """Holds notify's private key, base64 of 32 bytes. Raises ValueError for another value: with it every message would fail for good."""

    private_key: str = field(repr=False)

    def __post_init__(self) -> None:
        keys.from_setting("READER_PRIVATE_KEY", self.private_key)

    def open(self, sealed: Sealed, *, wrapped: str, person_id: UUID) -> Contact:
        """Raises sealing.Unopened, also when the content is not a contact."""
        key = sealing.unwrap(
            wrapped, key_id=sealed.key_id, person_id=person_id, reader=READER, private_key=self.private_key
        )
        content = sealing.open_sealed(sealed, key=key, person_id=person_id, event_type=ContactRecorded.declared.type)
        try:
            return Contact.model_validate_json(content, extra="ignore")
        except ValidationError:
            message = "what was sealed is no contact"
            raise sealing.Unopened(message) from None  # the error quotes what it has read


def find(tx: Transaction, opener: Opener, person_id: UUID) -> Contact | None:
    """The current contact, decrypted; None when the person was forgotten. Raises sealing.Unopened."""
    row = tx.connection.execute(_SEALED, {"person_id": person_id}).one_or_none()
    if row is None:
        return None
    sealed = Sealed(key_id=row.key_id, nonce=row.nonce, ciphertext=row.ciphertext)
    return opener.open(sealed, wrapped=row.wrapped, person_id=person_id)
