"""Endpoints as their agency sees them, and their secrets for it alone."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.registry.domain.endpoint import Start
from services.registry.store.vault import Vault
from shared.events.terms import Ordering
from shared.refusal import Unknown
from shared.service.database import Transaction


class EndpointState(BaseModel):
    endpoint_id: UUID
    district: str
    agency: str
    revision: int
    url: str
    event_types: list[str] = Field(description="of the granted types, only these; empty: all of them")
    ordering: Ordering
    start: Start
    active: bool
    registered_by: str = Field(description="the client that registered it")
    registered_at: datetime
    removed_at: datetime | None


class SecretState(BaseModel):
    key_id: UUID
    secret: str = Field(description="as the libraries of Standard Webhooks take it: whsec_ and base64")
    ends_at: datetime | None = Field(description="it signs until then; null for the newest one")


class Secrets(BaseModel):
    """The newest one first."""

    secrets: list[SecretState]


_ENDPOINTS = """
    select endpoint_id, district, agency, revision, url, event_types, ordering, start, active, registered_by, registered_at, removed_at
    from endpoints where district = :district and agency = :agency
"""
_ONE = text(_ENDPOINTS + "and endpoint_id = :endpoint_id")
_PAGE = text(_ENDPOINTS + "and endpoint_id > :after order by endpoint_id limit :limit")
_SECRETS = text("""
    select key_id, kept, ends_at from endpoint_secrets join endpoints using (district, endpoint_id)
    where endpoint_id = :endpoint_id and district = :district and agency = :agency and removed_at is null
      and (ends_at is null or ends_at > :at)
    order by ends_at desc nulls first
""")


def one(tx: Transaction, district: str, agency: str, endpoint_id: UUID) -> EndpointState:
    """Raises Unknown for another agency's, too."""
    place = {"district": district, "agency": agency, "endpoint_id": endpoint_id}
    row = tx.connection.execute(_ONE, place).mappings().one_or_none()
    if row is None:
        raise Unknown
    return EndpointState.model_validate(dict(row))


def page(tx: Transaction, district: str, agency: str, *, after: UUID, limit: int) -> list[EndpointState]:
    values = {"district": district, "agency": agency, "after": after, "limit": limit}
    return [EndpointState.model_validate(dict(row)) for row in tx.connection.execute(_PAGE, values).mappings()]


def secrets(tx: Transaction, vault: Vault, *, agency: str, endpoint_id: UUID, at: datetime) -> Secrets:
    """Raises Unknown."""
    place = {"district": tx.district, "agency": agency, "endpoint_id": endpoint_id, "at": at}
    rows = tx.connection.execute(_SECRETS, place).all()
    if not rows:
        raise Unknown
    return Secrets(
        secrets=[
            SecretState(
                key_id=row.key_id,
                secret=vault.signing_secret(endpoint_id, row.key_id, bytes(row.kept)),
                ends_at=row.ends_at,
            )
            for row in rows
        ]
    )
