"""People and their vault. One person per document type and number in a district, however many units they own.

Invariant: readable values are never stored; a person's vault row is sealed with the person's own key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from uuid_utils.compat import uuid7

from services.registry.domain.person import Personal
from services.registry.store.vault import Vault
from shared.events.contract import Event
from shared.events.registry import KeyDeleted, Sealed
from shared.events.terms import PersonKind
from shared.messaging.sealing import DataKey
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_KNOWN = text("""
    select document_mark, person_id, key_id, wrapped_key, nonce, ciphertext from people join vault using (person_id)
    where people.district = :district and document_mark = any(:marks)
""")
_PERSON = text("""
    insert into people (person_id, district, kind, masked_name, document_type, overseas, document_mark, name_mark)
    values (:person_id, :district, :kind, :masked_name, :document_type, :overseas, :document_mark, :name_mark)
""")
_KEEP = text("""
    insert into vault (person_id, district, key_id, wrapped_key, nonce, ciphertext, recorded_at)
    values (:person_id, :district, :key_id, :wrapped_key, :nonce, :ciphertext, :at)
""")
_RENEW = text(
    "update vault set nonce = :nonce, ciphertext = :ciphertext, recorded_at = :at where person_id = :person_id"
)
_VAULT = text("""
    select person_id, key_id, wrapped_key, nonce, ciphertext from vault where person_id = :person_id and district = :district
""")
_OPENED = text("""
    select person_id, key_id, wrapped_key, nonce, ciphertext from vault where person_id = any(:person_ids) and district = :district
""")
_OTHERWISE = text("""
    update people set masked_name = :masked_name, name_mark = :name_mark, revision = revision + 1
    where person_id = :person_id returning revision
""")
_KIND = text("select kind from people where person_id = :person_id and district = :district")
_REVISION = text("select revision from people where person_id = :person_id and district = :district for update")
# Only one transaction at a time adds, changes or forgets people of a district. Two could add one person twice, or deadlock; and who is
# forgotten before the right-holders are written would be missing among them.
_ALONE = text("select pg_advisory_xact_lock(hashtext('registry import'), hashtext(:district))")
_WAIT_A_LITTLE = text("set local lock_timeout = '3s'")
_WAIT_AS_EVER = text("set local lock_timeout = default")
_REVEAL = text("""
    insert into reveals (reveal_id, district, person_id, subject, roles, reason, revealed_at)
    values (:reveal_id, :district, :person_id, :subject, :roles, :reason, :at)
""")
_DROP_KEY = text("delete from vault where person_id = :person_id and district = :district returning key_id")
_FORGET = text("""
    update people set document_mark = null, name_mark = null, masked_name = '**', forgotten_at = :at where person_id = :person_id
""")
_FORGOTTEN = text("""
    insert into forgettings (person_id, district, key_id, reason, forgotten_by, forgotten_at)
    values (:person_id, :district, :key_id, :reason, :by, :at)
""")
_ERASE = text("select erase_keys(cast(:person_id as text))")
_RECEIPT = text("""
    insert into key_receipts (person_id, key_id, reader, district, dropped_at)
    values (:person_id, :key_id, :reader, :district, :dropped_at) on conflict do nothing
""")


def lock_district(tx: Transaction) -> None:
    """Locks the people of the district until the commit. Take this lock before that of the project."""
    tx.connection.execute(_ALONE, {"district": tx.district})


def lock_district_or_refuse(tx: Transaction) -> None:
    """The same for a request. Raises Refused register-busy while an import is being written."""
    tx.connection.execute(_WAIT_A_LITTLE)
    try:
        lock_district(tx)
    except OperationalError as busy:
        raise Refused("register-busy", retry_after_seconds=10) from busy
    tx.connection.execute(_WAIT_AS_EVER)


def kind(tx: Transaction, person_id: UUID) -> PersonKind | None:
    """None: nobody of this district."""
    return tx.connection.execute(_KIND, {"person_id": person_id, "district": tx.district}).scalar()


def known_otherwise(tx: Transaction, vault: Vault, personal: Personal) -> str | None:
    """The registered name for the document, if it differs: one of the two is wrong."""
    marks = [vault.document_mark(personal)]
    for row in tx.connection.execute(_KNOWN, {"district": tx.district, "marks": marks}):
        held = _opened(vault, row)[1].name
        return None if held == personal.name else held
    return None


def opened(
    tx: Transaction, vault: Vault, person_ids: Sequence[UUID], *, district: str | None = None
) -> dict[UUID, Personal]:
    """Readable data for internal use. To show data to a person, use `reveal` or an audited export."""
    place = {"person_ids": list(person_ids), "district": district or tx.district}
    rows = tx.connection.execute(_OPENED, place)
    return {row.person_id: _opened(vault, row)[1] for row in rows}


def change(  # noqa: PLR0913 - what is put right, from what, and when
    tx: Transaction, vault: Vault, person_id: UUID, changes: Mapping[str, str | None], *, expected: int, at: datetime
) -> tuple[int, list[Event]]:
    """Replaces name, mobile, email, language or time zone. Returns the new revision and the events to write.

    Raises Unknown; Refused: person-forgotten, version-superseded.
    """
    place = {"person_id": person_id, "district": tx.district}
    revision = tx.connection.execute(_REVISION, place).scalar()
    row = tx.connection.execute(_VAULT, place).one_or_none()
    if row is None:
        raise absent(tx, person_id)
    if revision != expected:
        raise Refused("version-superseded", version=revision)
    key, held = _opened(vault, row)
    personal = held.corrected(changes)
    if personal == held:
        return int(revision), []
    sealed = vault.seal(personal, key=key, person_id=person_id)
    tx.connection.execute(_RENEW, {**place, "nonce": sealed.nonce, "ciphertext": sealed.ciphertext, "at": at})
    named = {"masked_name": personal.masked_name, "name_mark": vault.name_mark(personal.name)}
    revision = tx.connection.execute(_OTHERWISE, {**place, **named}).scalar_one()
    return int(revision), [vault.contact(person_id, key, personal)]


def record(tx: Transaction, vault: Vault, people: Mapping[bytes, Personal], *, at: datetime) -> list[Event]:
    """`people` by document mark. Returns their events; the caller writes them with its own."""
    known = {
        bytes(row.document_mark): row
        for row in tx.connection.execute(_KNOWN, {"district": tx.district, "marks": list(people)})
    }
    events_written: list[Event] = []
    added: list[dict[str, Any]] = []
    renewed: list[dict[str, Any]] = []
    for mark, personal in people.items():
        if (row := known.get(mark)) is None:
            person, events = _new(vault, tx.district, mark, personal, at)
            added.append(person)
        else:
            change, events = _renewed(vault, row, personal, at)
            renewed += change
        events_written += events
    for statement, rows in ((_PERSON, added), (_KEEP, added), (_RENEW, renewed)):
        if rows:
            tx.connection.execute(statement, rows)
    return events_written


def renewed(tx: Transaction, vault: Vault, people: Mapping[bytes, Personal]) -> int:
    """For how many people `record` would change telephone, mail or language."""
    known = tx.connection.execute(_KNOWN, {"district": tx.district, "marks": list(people)})
    held = ((row, _opened(vault, row)[1]) for row in known)
    return sum(personal.renewed(people[bytes(row.document_mark)]) != personal for row, personal in held)


def reveal(tx: Transaction, vault: Vault, person_id: UUID, *, seen: Mapping[str, object]) -> Personal:
    """Raises Unknown; Refused person-forgotten. `seen`: who looks, why and when; written before anything is opened."""
    row = tx.connection.execute(_VAULT, {"person_id": person_id, "district": tx.district}).one_or_none()
    if row is None:
        raise absent(tx, person_id)
    tx.connection.execute(_REVEAL, {**seen, "reveal_id": uuid7(), "district": tx.district, "person_id": person_id})
    return _opened(vault, row)[1]


def forget(tx: Transaction, person_id: UUID, *, reason: str, by: str, at: datetime) -> UUID:
    """Deletes the key: here at once, in every reading service by a tombstone. Needs `alone`. Raises Unknown; Refused person-forgotten."""
    place = {"person_id": person_id, "district": tx.district}
    key_id = tx.connection.execute(_DROP_KEY, place).scalar()
    if key_id is None:
        raise absent(tx, person_id)
    tx.connection.execute(_FORGET, {**place, "at": at})
    tx.connection.execute(_ERASE, {"person_id": person_id})
    tx.connection.execute(_FORGOTTEN, {**place, "key_id": key_id, "reason": reason, "by": by, "at": at})
    tx.record(KeyDeleted(person_id=person_id))
    return UUID(str(key_id))


def confirm_dropped(tx: Transaction, receipts: Sequence[Mapping[str, object]]) -> None:
    """The reader has seen the tombstone, so whatever came before it on the same key is sent."""
    tx.connection.execute(_RECEIPT, [{**receipt, "district": tx.district} for receipt in receipts])
    for receipt in receipts:
        tx.connection.execute(_ERASE, {"person_id": receipt["person_id"]})


def absent(tx: Transaction, person_id: UUID) -> Refused:
    """The error when there is no vault row: Unknown, or Refused person-forgotten."""
    forgotten = text("select forgotten_at from people where person_id = :person_id and district = :district")
    row = tx.connection.execute(forgotten, {"person_id": person_id, "district": tx.district}).one_or_none()
    return Unknown() if row is None else Refused("person-forgotten")


def _new(
    vault: Vault, district: str, mark: bytes, personal: Personal, at: datetime
) -> tuple[dict[str, Any], list[Event]]:
    person_id = uuid7()
    key, wrapped = vault.new_key(person_id)
    sealed = vault.seal(personal, key=key, person_id=person_id)
    row = {
        "person_id": person_id,
        "district": district,
        "kind": personal.kind,
        "masked_name": personal.masked_name,
        "document_type": personal.document_type,
        "overseas": personal.overseas,
        "document_mark": mark,
        "name_mark": vault.name_mark(personal.name),
        "key_id": key.key_id,
        "wrapped_key": wrapped,
        "nonce": sealed.nonce,
        "ciphertext": sealed.ciphertext,
        "at": at,
    }
    return row, [vault.wrapped_for_readers(person_id, key), vault.contact(person_id, key, personal)]


def _renewed(vault: Vault, row: Any, newer: Personal, at: datetime) -> tuple[list[dict[str, Any]], list[Event]]:  # noqa: ANN401 - a row of _KNOWN
    key, held = _opened(vault, row)
    personal = held.renewed(newer)
    if personal == held:
        return [], []
    sealed = vault.seal(personal, key=key, person_id=row.person_id)
    change = {"person_id": row.person_id, "nonce": sealed.nonce, "ciphertext": sealed.ciphertext, "at": at}
    return [change], [vault.contact(row.person_id, key, personal)]


def _opened(vault: Vault, row: Any) -> tuple[DataKey, Personal]:  # noqa: ANN401 - a row of the vault
    key = vault.key(row.person_id, row.key_id, bytes(row.wrapped_key))
    sealed = Sealed(key_id=row.key_id, nonce=row.nonce, ciphertext=row.ciphertext)
    return key, vault.open(sealed, key=key, person_id=row.person_id)
