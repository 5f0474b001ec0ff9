"""Data from events of other services, stored in any order of arrival. A later state replaces an earlier one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.events.registry import ContactRecorded, KeyWrapped, ProjectOpened, UnitRegistered
from shared.service.database import Transaction

_PROJECTS = text("""
    insert into projects (district, project_id, name)
    select :district, * from unnest(cast(:projects as uuid[]), cast(:names as text[]))
    on conflict (project_id) do update set name = excluded.name
""")
_UNITS = text("""
    insert into units (district, unit_id, project_id, revision, label)
    select :district, *
    from unnest(cast(:units as uuid[]), cast(:projects as uuid[]), cast(:revisions as int[]), cast(:labels as text[]))
    on conflict (unit_id) do update
    set project_id = excluded.project_id, revision = excluded.revision, label = excluded.label
""")
_LEFT = text("update right_holders set current = false where current and unit_id = any(:units)")
_HOLDERS = text("""
    insert into right_holders (district, unit_id, person_id, masked_name, current)
    select :district, *
    from unnest(cast(:units as uuid[]), cast(:persons as uuid[]), cast(:names as text[]), cast(:current as boolean[]))
    on conflict (unit_id, person_id) do update set masked_name = excluded.masked_name, current = excluded.current
""")
# What arrives after a person was forgotten is not stored, neither contact nor key: nobody may read it.
_CONTACTS = text("""
    insert into contacts (district, person_id, key_id, nonce, ciphertext)
    select :district, given.*
    from unnest(cast(:persons as uuid[]), cast(:keys as uuid[]), cast(:nonces as text[]), cast(:ciphertexts as text[]))
        as given (person_id, key_id, nonce, ciphertext)
    where not exists (select from person_keys where person_keys.person_id = given.person_id and dropped_at is not null)
    on conflict (district, person_id) do update
    set key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext
""")
_KEYS = text("""
    insert into person_keys (district, person_id, key_id, wrapped)
    select :district, * from unnest(cast(:persons as uuid[]), cast(:keys as uuid[]), cast(:wrapped as text[]))
    on conflict (district, person_id) do update
    set key_id = excluded.key_id, wrapped = excluded.wrapped where person_keys.dropped_at is null
""")
# Locked, so that a dispatcher that reads it at the same time either gets all of it or none.
_DROP_KEY = text("""
    insert into person_keys (district, person_id, dropped_at) values (:district, :person_id, :at)
    on conflict (district, person_id) do update
    set wrapped = null, dropped_at = coalesce(person_keys.dropped_at, excluded.dropped_at)
    returning key_id
""")
_DROP_CONTACT = text("delete from contacts where person_id = :person_id")


class Unit(NamedTuple):
    """What a text needs of a unit, from the newest revision in the batch."""

    unit_id: UUID
    project_id: UUID
    revision: int
    label: str


def projects_opened(tx: Transaction, opened: Sequence[ProjectOpened]) -> None:
    latest = {event.project_id: event.name for event in opened}
    tx.connection.execute(
        _PROJECTS, {"district": tx.district, "projects": list(latest), "names": list(latest.values())}
    )


def units_registered(tx: Transaction, registered: Sequence[UnitRegistered]) -> None:
    latest = {event.unit_id: event for event in registered}
    units = [Unit(event.unit_id, event.project_id, event.revision, label(event)) for event in latest.values()]
    ids, projects, revisions, labels = (list(column) for column in zip(*units, strict=True))
    place = {"district": tx.district, "units": ids}
    tx.connection.execute(_UNITS, {**place, "projects": projects, "revisions": revisions, "labels": labels})
    tx.connection.execute(_LEFT, {"units": ids})
    # Includes holders who left within the batch: the message about their own signing still needs their name.
    holders = {
        (event.unit_id, holder.person_id): (holder, event) for event in registered for holder in event.right_holders
    }
    people = {
        "units": [unit_id for unit_id, _ in holders],
        "persons": [person_id for _, person_id in holders],
        "names": [holder.masked_name for holder, _ in holders.values()],
        "current": [event is latest[event.unit_id] for _, event in holders.values()],
    }
    tx.connection.execute(_HOLDERS, {"district": tx.district, **people})


def label(unit: UnitRegistered) -> str:
    """The unit's name in local usage: 和丰苑4栋2单元206."""
    building = unit.building if unit.building.endswith(("栋", "座", "幢", "号楼")) else f"{unit.building}栋"
    stairwell = f"{unit.stairwell}单元" if unit.stairwell.isdigit() else unit.stairwell
    return f"{unit.compound}{building}{stairwell}{unit.door}"


def contacts_recorded(tx: Transaction, recorded: Sequence[ContactRecorded]) -> None:
    latest = {event.person_id: event.sealed for event in recorded}
    columns = {
        "persons": list(latest),
        "keys": [sealed.key_id for sealed in latest.values()],
        "nonces": [sealed.nonce for sealed in latest.values()],
        "ciphertexts": [sealed.ciphertext for sealed in latest.values()],
    }
    tx.connection.execute(_CONTACTS, {"district": tx.district, **columns})


def keys_wrapped(tx: Transaction, wrapped: Sequence[KeyWrapped], *, reader: str) -> None:
    latest = {event.person_id: event for event in wrapped}
    columns = {
        "persons": list(latest),
        "keys": [event.key_id for event in latest.values()],
        "wrapped": [event.wrapped[reader] for event in latest.values()],
    }
    tx.connection.execute(_KEYS, {"district": tx.district, **columns})


def drop_key(tx: Transaction, person_id: UUID, *, at: datetime) -> UUID | None:
    """Deletes key and contact. Returns the id of the deleted key, or None."""
    found: UUID | None = tx.connection.execute(
        _DROP_KEY, {"district": tx.district, "person_id": person_id, "at": at}
    ).scalar_one()
    tx.connection.execute(_DROP_CONTACT, {"person_id": person_id})
    return found
