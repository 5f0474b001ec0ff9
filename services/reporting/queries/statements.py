"""The statements of an agency, and the keys that they are checked with."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import text

from services.reporting.store import statement_key
from services.reporting.store.statement_key import Checked
from shared.refusal import Refused
from shared.service.database import Transaction


class StatementLine(BaseModel):
    business_on: date = Field(description="the business day, in Shanghai")
    epoch: int = Field(description="of the exchange log")
    after_number: int = Field(description="it counts the log numbers after this one")
    last_number: int = Field(description="up to this one")
    made_at: datetime


class PublicKey(BaseModel):
    """A JWK (RFC 7517)."""

    kid: str = Field(description="names it in the header of a statement")
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    use: Literal["sig"]
    alg: Literal["ES256"]


class KeySet(BaseModel):
    """A JWK Set (RFC 7517)."""

    keys: list[PublicKey]


_AGENCY = text("select agency from agency_clients where district = :district and client_id = :client_id")
_LINES = text("""
    select business_on, epoch, after_number, last_number, made_at from agency_statements
    where district = :district and agency = :agency and business_on < :before order by business_on desc limit :limit
""")
_SIGNED = text("""
    select signed from agency_statements where district = :district and agency = :agency and business_on = :business_on
""")
_KEYS = text("select public_key from statement_keys where district = :district order by first_used_at")


def agency_of(tx: Transaction, district: str, client_id: str) -> str:
    """Also after its last grant: what it was given is stated until its last day. Refused grant-missing."""
    agency = tx.connection.execute(_AGENCY, {"district": district, "client_id": client_id}).scalar()
    if agency is None:
        raise Refused("grant-missing")
    return str(agency)


def lines(tx: Transaction, district: str, agency: str, *, before: date, limit: int) -> Sequence[StatementLine]:
    """Newest first."""
    values = {"district": district, "agency": agency, "before": before, "limit": limit}
    return [StatementLine.model_validate(dict(row)) for row in tx.connection.execute(_LINES, values).mappings()]


def newest(tx: Transaction, district: str, agency: str, *, limit: int) -> Sequence[StatementLine]:
    return lines(tx, district, agency, before=date.max, limit=limit)


def signed(tx: Transaction, district: str, agency: str, day: date, *, today: date) -> str:
    """Refused: day-not-over, statement-unknown."""
    values = {"district": district, "agency": agency, "business_on": day}
    found = tx.connection.execute(_SIGNED, values).scalar()
    if found is None:
        raise Refused("statement-unknown" if day < today else "day-not-over")
    return str(found)


def keys(tx: Transaction, district: str) -> KeySet:
    found = tx.connection.execute(_KEYS, {"district": district}).scalars()
    return KeySet(keys=[PublicKey.model_validate(key) for key in found])


def opened(tx: Transaction, district: str, signed_document: str) -> Checked:
    """What a statement says, and whether one of the district's public keys has signed it."""
    return statement_key.checked(signed_document, [key.model_dump() for key in keys(tx, district).keys])
