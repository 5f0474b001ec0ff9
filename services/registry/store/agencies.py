"""Agencies and grants in PostgreSQL, saved together with their events."""

from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.registry.domain.agency import Agency, Grant
from shared.events.registry import Terms
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_ADD = text("""
    insert into agencies (district, agency, name, office, email, telephone, registered_by, registered_at)
    values (:district, :agency, :name, :office, :email, :telephone, :by, :at)
    on conflict do nothing returning agency
""")
_REVISION = text("select revision from agencies where district = :district and agency = :agency for update")
_CHANGE = text("""
    update agencies set revision = :revision, name = :name, office = :office, email = :email, telephone = :telephone
    where district = :district and agency = :agency
""")
_FORGET_CLIENTS = text("delete from agency_clients where district = :district and agency = :agency")
_CLIENT = text("insert into agency_clients (district, client_id, agency) values (:district, :client_id, :agency)")
_PROPOSE = text("""
    insert into grants (grant_id, district, agency, purpose, legal_basis, audiences, event_types, starts_at, ends_at,
                        proposed_by, proposed_at)
    values (:grant_id, :district, :agency, :purpose, :legal_basis, :audiences, :event_types, :starts_at, :ends_at, :by, :at)
""")
_GRANT = text("""
    select agency, purpose, legal_basis, audiences, event_types, starts_at, ends_at, proposed_by, approved_by, revoked_by
    from grants where grant_id = :grant_id and district = :district for update
""")
_APPROVE = text("update grants set approved_by = :by, approved_at = :at where grant_id = :grant_id")
_REVOKE = text("update grants set revoked_by = :by, revoked_at = :at, reason = :reason where grant_id = :grant_id")


def add(tx: Transaction, agency: Agency, *, by: str, at: datetime) -> None:
    """Raises Refused: district-not-open, agency-registered, client-taken."""
    values = {**asdict(agency), "district": tx.district, "by": by, "at": at}
    try:
        with tx.savepoint():
            added = tx.connection.execute(_ADD, values).scalar()
    except IntegrityError as no_district:
        raise Refused("district-not-open", district=tx.district) from no_district
    if added is None:
        raise Refused("agency-registered", agency=agency.agency)
    _add_clients(tx, agency)
    tx.record(agency.registered())


def change(tx: Transaction, agency: Agency, *, expected: int) -> Agency:
    """Returns the agency with its new revision. Raises Unknown; Refused: version-superseded, client-taken."""
    place = {"district": tx.district, "agency": agency.agency}
    revision = tx.connection.execute(_REVISION, place).scalar()
    if revision is None:
        raise Unknown
    if revision != expected:
        raise Refused("version-superseded", version=revision)
    changed = replace(agency, revision=revision + 1)
    tx.connection.execute(_CHANGE, {**asdict(changed), "district": tx.district})
    tx.connection.execute(_FORGET_CLIENTS, place)
    _add_clients(tx, changed)
    tx.record(changed.registered())
    return changed


def _add_clients(tx: Transaction, agency: Agency) -> None:
    place = {"district": tx.district, "agency": agency.agency}
    for client_id in agency.clients:
        try:
            with tx.savepoint():
                tx.connection.execute(_CLIENT, {**place, "client_id": client_id})
        except IntegrityError as taken:
            raise Refused("client-taken", client_id=client_id) from taken


def propose(tx: Transaction, grant: Grant, *, at: datetime) -> None:
    """Raises Unknown; Refused: what Grant.proposed raises."""
    if tx.connection.execute(_REVISION, {"district": tx.district, "agency": grant.agency}).scalar() is None:
        raise Unknown  # first: a name that no agency can have fits no event
    event = grant.proposed()
    terms = grant.terms.model_dump()
    values = {**terms, "audiences": list(grant.terms.audiences), "event_types": list(grant.terms.event_types)}
    place = {"grant_id": grant.grant_id, "agency": grant.agency, "district": tx.district}
    tx.connection.execute(_PROPOSE, {**values, **place, "by": grant.proposed_by, "at": at})
    tx.record(event)


def approve(tx: Transaction, grant_id: UUID, *, by: str, at: datetime) -> None:
    """Raises Unknown; Refused: what Grant.approved raises."""
    event = _held(tx, grant_id).approved(by=by)
    tx.connection.execute(_APPROVE, {"grant_id": grant_id, "by": by, "at": at})
    tx.record(event)


def revoke(tx: Transaction, grant_id: UUID, *, reason: str, by: str, at: datetime) -> None:
    """Raises Unknown; Refused: what Grant.revoked raises."""
    event = _held(tx, grant_id).revoked(reason=reason, at=at)
    tx.connection.execute(_REVOKE, {"grant_id": grant_id, "by": by, "at": at, "reason": reason})
    tx.record(event)


def _held(tx: Transaction, grant_id: UUID) -> Grant:
    """Locked until the commit. Raises Unknown."""
    row = tx.connection.execute(_GRANT, {"grant_id": grant_id, "district": tx.district}).mappings().one_or_none()
    if row is None:
        raise Unknown
    terms = Terms(**{name: row[name] for name in Terms.model_fields})
    decided = {name: row[name] for name in ("proposed_by", "approved_by", "revoked_by")}
    return Grant(grant_id, row["agency"], terms, **decided)
