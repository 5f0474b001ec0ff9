"""Agencies and grants: who gets which events, by whose decision."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.registry.domain.agency import State
from shared.events.terms import GrantedAudience
from shared.refusal import Unknown
from shared.service.database import Transaction


class AgencyState(BaseModel):
    district: str
    agency: str
    revision: int
    name: str
    office: str
    email: str | None
    telephone: str | None
    clients: list[str] = Field(
        description="who acts for the agency: clients of the identity provider, and its engineers by their subject"
    )
    registered_by: str
    registered_at: datetime


class GrantState(BaseModel):
    grant_id: UUID
    district: str
    agency: str
    state: State
    purpose: str
    legal_basis: str
    audiences: list[GrantedAudience]
    event_types: list[str]
    starts_at: datetime
    ends_at: datetime
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    reason: str | None = Field(description="why it was revoked")


class OwnGrant(BaseModel):
    """A grant as the agency itself sees it: nothing of the persons who decided."""

    grant_id: UUID
    state: State
    purpose: str
    legal_basis: str
    audiences: list[GrantedAudience]
    event_types: list[str]
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    reason: str | None = Field(description="why it was revoked")


_AGENCIES = """
    select district, agency, revision, name, office, email, telephone, registered_by, registered_at,
           array(select client_id from agency_clients of_it
                 where of_it.district = agencies.district and of_it.agency = agencies.agency order by client_id) as clients
    from agencies
"""
_AGENCY = text(_AGENCIES + "where district = :district and agency = :agency")
_PAGE = text(_AGENCIES + "where (district, agency) > (:district, :agency) order by district, agency limit :limit")
_GRANTS = """
    select *, case when revoked_at is not null then 'revoked' when approved_at is not null then 'approved' else 'proposed' end as state
    from grants
"""
_GRANT = text(_GRANTS + "where grant_id = :grant_id")
_OWN_GRANTS = text(
    _GRANTS + "where district = :district and agency = :agency and grant_id > :after order by grant_id limit :limit"
)
_GRANTS_PAGE = text(_GRANTS + "where grant_id > :after order by grant_id limit :limit")
_OF_AGENCY = text(_GRANTS + "where district = :district and agency = :agency order by grant_id desc limit :limit")


def one(tx: Transaction, district: str, agency: str) -> AgencyState:
    """Raises Unknown."""
    row = tx.connection.execute(_AGENCY, {"district": district, "agency": agency}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return AgencyState.model_validate(dict(row))


def page(tx: Transaction, *, after: tuple[str, str], limit: int) -> list[AgencyState]:
    values = {"district": after[0], "agency": after[1], "limit": limit}
    return [AgencyState.model_validate(dict(row)) for row in tx.connection.execute(_PAGE, values).mappings()]


def grant(tx: Transaction, grant_id: UUID) -> GrantState:
    """Raises Unknown."""
    row = tx.connection.execute(_GRANT, {"grant_id": grant_id}).mappings().one_or_none()
    if row is None:
        raise Unknown
    return GrantState.model_validate(dict(row))


def grants(tx: Transaction, *, after: UUID, limit: int) -> list[GrantState]:
    rows = tx.connection.execute(_GRANTS_PAGE, {"after": after, "limit": limit}).mappings()
    return [GrantState.model_validate(dict(row)) for row in rows]


def of_agency(tx: Transaction, district: str, agency: str, *, limit: int) -> list[GrantState]:
    """Newest first."""
    values = {"district": district, "agency": agency, "limit": limit}
    return [GrantState.model_validate(dict(row)) for row in tx.connection.execute(_OF_AGENCY, values).mappings()]


def own_grants(tx: Transaction, district: str, agency: str, *, after: UUID, limit: int) -> list[OwnGrant]:
    values = {"district": district, "agency": agency, "after": after, "limit": limit}
    return [OwnGrant.model_validate(dict(row)) for row in tx.connection.execute(_OWN_GRANTS, values).mappings()]
