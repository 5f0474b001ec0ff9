"""Endpoints and their secrets in PostgreSQL, saved together with their events."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.registry.domain.endpoint import MOST, Endpoint, Secret
from shared.events import catalogue
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_AGENCY = text("select agency from agency_clients where district = :district and client_id = :client_id")
_GRANTED = text("""
    select audiences, event_types from grants
    where district = :district and agency = :agency and approved_at is not null and revoked_at is null and ends_at > :at
""")
# Locks the agency, so that two registrations at once do not exceed the limit.
_COUNT = text("""
    with agency as materialized (select 1 from agencies where district = :district and agency = :agency for update)
    select count(*) from agency, endpoints
    where endpoints.district = :district and endpoints.agency = :agency and removed_at is null
""")
_ADD = text("""
    insert into endpoints (endpoint_id, district, agency, url, event_types, ordering, start, registered_by, registered_at)
    values (:endpoint_id, :district, :agency, :url, :event_types, :ordering, :start, :by, :registered_at)
""")
_FIND = text("""
    select endpoint_id, agency, url, event_types, ordering, start, registered_at, active, revision from endpoints
    where endpoint_id = :endpoint_id and district = :district and agency = :agency and removed_at is null for update
""")
_CHANGE = text("""
    update endpoints set revision = :revision, url = :url, event_types = :event_types, ordering = :ordering, active = :active
    where endpoint_id = :endpoint_id
""")
_REMOVE = text("update endpoints set removed_by = :by, removed_at = :at where endpoint_id = :endpoint_id")
_SECRETS = text("""
    select key_id, sealed, ends_at from endpoint_secrets where endpoint_id = :endpoint_id
    order by ends_at desc nulls first
""")
_KEEP = text("""
    insert into endpoint_secrets (key_id, district, endpoint_id, kept, sealed, made_at)
    values (:key_id, :district, :endpoint_id, :kept, :sealed, :at)
""")
_END = text("update endpoint_secrets set ends_at = :ends_at where key_id = :key_id")
_FORGET = text("delete from endpoint_secrets where endpoint_id = :endpoint_id and key_id <> all(:kept)")


def agency_of(tx: Transaction, client_id: str) -> str:
    """The agency for which a client acts in this district. Refused grant-missing, as for a district that does not exist."""
    found = tx.connection.execute(_AGENCY, {"district": tx.district, "client_id": client_id}).scalar()
    if found is None:
        raise Refused("grant-missing")
    return str(found)


def granted_types(tx: Transaction, agency: str, *, at: datetime) -> set[str]:
    """What the agency is granted now or later, in types of their own audience."""
    rows = tx.connection.execute(_GRANTED, {"district": tx.district, "agency": agency, "at": at})
    return set().union(*(catalogue.of_audiences(row.event_types, row.audiences) for row in rows))


def add(tx: Transaction, endpoint: Endpoint, *, kept: bytes, by: str) -> None:
    """`kept`: its secret under the vault's key. Refused endpoints-too-many."""
    place = {"district": tx.district, "agency": endpoint.agency}
    if tx.connection.execute(_COUNT, place).scalar_one() >= MOST:
        raise Refused("endpoints-too-many", most=MOST)
    values = {**vars(endpoint), "event_types": list(endpoint.event_types), "district": tx.district, "by": by}
    tx.connection.execute(_ADD, values)
    _keep(tx, endpoint, kept, at=endpoint.registered_at)
    tx.record(endpoint.registered())


def find(tx: Transaction, endpoint_id: UUID, *, agency: str) -> Endpoint:
    """Locked. Raises Unknown for another agency's, too."""
    place = {"endpoint_id": endpoint_id, "district": tx.district, "agency": agency}
    row = tx.connection.execute(_FIND, place).mappings().one_or_none()
    if row is None:
        raise Unknown
    secrets = tuple(Secret(*it) for it in tx.connection.execute(_SECRETS, {"endpoint_id": endpoint_id}))
    return Endpoint(**{**row, "event_types": tuple(row["event_types"])}, secrets=secrets)


def change(tx: Transaction, changed: Endpoint) -> None:
    tx.connection.execute(_CHANGE, {**vars(changed), "event_types": list(changed.event_types)})
    tx.record(changed.registered())


def rotate(tx: Transaction, rotated: Endpoint, *, kept: bytes, at: datetime) -> None:
    """Keeps the newest secret, ends the one before it and forgets all older ones."""
    for former in rotated.secrets[1:]:
        tx.connection.execute(_END, {"key_id": former.key_id, "ends_at": former.ends_at})
    _keep(tx, rotated, kept, at=at)
    names = {"endpoint_id": rotated.endpoint_id, "kept": [secret.key_id for secret in rotated.secrets]}
    tx.connection.execute(_FORGET, names)
    change(tx, rotated)


def remove(tx: Transaction, endpoint: Endpoint, *, by: str, at: datetime) -> None:
    """Its secrets are forgotten with it."""
    tx.connection.execute(_REMOVE, {"endpoint_id": endpoint.endpoint_id, "by": by, "at": at})
    tx.connection.execute(_FORGET, {"endpoint_id": endpoint.endpoint_id, "kept": []})
    tx.record(endpoint.removed(at=at))


def _keep(tx: Transaction, endpoint: Endpoint, kept: bytes, *, at: datetime) -> None:
    newest = endpoint.secrets[0]
    place = {"district": tx.district, "endpoint_id": endpoint.endpoint_id}
    tx.connection.execute(_KEEP, {**place, "key_id": newest.key_id, "sealed": newest.sealed, "kept": kept, "at": at})
