"""Gives an agency events of this district: one person proposes, another one approves, either may revoke."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.registry.domain.agency import Grant
from services.registry.store import agencies
from shared.events.registry import Terms
from shared.service.database import Transaction


@dataclass(frozen=True)
class ProposeGrant:
    agency: str
    terms: Terms
    by: str
    at: datetime


def propose_grant(tx: Transaction, command: ProposeGrant) -> UUID:
    """Raises Unknown; Refused: grant-period-empty, event-type-not-granted."""
    grant = Grant(uuid7(), command.agency, command.terms, proposed_by=command.by)
    agencies.propose(tx, grant, at=command.at)
    return grant.grant_id


@dataclass(frozen=True)
class ApproveGrant:
    grant_id: UUID
    by: str
    at: datetime


def approve_grant(tx: Transaction, command: ApproveGrant) -> None:
    """Raises Unknown; Refused: grant-decided, grant-needs-two."""
    agencies.approve(tx, command.grant_id, by=command.by, at=command.at)


@dataclass(frozen=True)
class RevokeGrant:
    grant_id: UUID
    reason: str
    by: str
    at: datetime


def revoke_grant(tx: Transaction, command: RevokeGrant) -> None:
    """Raises Unknown; Refused grant-decided."""
    agencies.revoke(tx, command.grant_id, reason=command.reason, by=command.by, at=command.at)
