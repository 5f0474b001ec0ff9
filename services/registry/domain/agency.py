"""An agency that gets events, and the grants under which it gets them.

Invariant: a grant names existing types of event of its audiences, never a restricted one, nor one about agencies; one person proposes,
another one approves.
Held by tests/integration/registry/test_agencies.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events import catalogue
from shared.events.registry import AgencyRegistered, GrantApproved, GrantProposed, GrantRevoked, Terms
from shared.refusal import Refused

State = Literal["proposed", "approved", "revoked"]


@dataclass(frozen=True)
class Agency:
    """`office`, `email` and `telephone` are those of an office, never of a person; they are not published."""

    agency: str
    name: str
    office: str
    email: str | None
    telephone: str | None
    clients: tuple[str, ...]
    revision: int = 1

    def registered(self) -> AgencyRegistered:
        return AgencyRegistered(agency=self.agency, revision=self.revision, name=self.name, clients=self.clients)


@dataclass(frozen=True)
class Grant:
    grant_id: UUID
    agency: str
    terms: Terms
    proposed_by: str
    approved_by: str | None = None
    revoked_by: str | None = None

    @property
    def state(self) -> State:
        return "revoked" if self.revoked_by else "approved" if self.approved_by else "proposed"

    def proposed(self) -> GrantProposed:
        """Raises Refused: grant-period-empty, event-type-not-granted."""
        if self.terms.ends_at <= self.terms.starts_at:
            raise Refused("grant-period-empty")
        if wrong := _not_grantable(self.terms):
            raise Refused("event-type-not-granted", event_types=wrong)
        return GrantProposed(agency=self.agency, grant_id=self.grant_id, terms=self.terms)

    def approved(self, *, by: str) -> GrantApproved:
        """Raises Refused: grant-decided, grant-needs-two."""
        if self.state != "proposed":
            raise Refused("grant-decided", state=self.state)
        if by == self.proposed_by:
            raise Refused("grant-needs-two")
        return GrantApproved(agency=self.agency, grant_id=self.grant_id, terms=self.terms)

    def revoked(self, *, reason: str, at: datetime) -> GrantRevoked:
        """Raises Refused grant-decided."""
        if self.state == "revoked":
            raise Refused("grant-decided", state=self.state)
        return GrantRevoked(agency=self.agency, grant_id=self.grant_id, reason=reason, revoked_at=at)


def _not_grantable(terms: Terms) -> Sequence[str]:
    return sorted(set(terms.event_types) - catalogue.of_audiences(terms.event_types, terms.audiences))
