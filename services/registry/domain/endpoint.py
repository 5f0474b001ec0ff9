"""Where an agency wants its events sent, and the secrets that sign them.

Invariant: an endpoint has one secret that does not end, and at most one older one that still signs beside it.
Held by tests/integration/registry/test_endpoints.py.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from shared.events.registry import EndpointRegistered, EndpointRemoved, SigningSecret
from shared.events.terms import Ordering
from shared.refusal import Refused

Start = Literal["first", "now"]
MOST = 10  # endpoints of an agency in a district


@dataclass(frozen=True)
class Secret:
    """`sealed`: for the service that sends, base64. `ends_at`: None for the newest one."""

    key_id: UUID
    sealed: str
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Endpoint:
    """`event_types`: empty for all that is granted. `secrets`: the newest one first."""

    endpoint_id: UUID
    agency: str
    url: str
    event_types: tuple[str, ...]
    ordering: Ordering
    start: Start
    registered_at: datetime
    secrets: tuple[Secret, ...]
    active: bool = True
    revision: int = 1

    def within(self, granted: AbstractSet[str]) -> None:
        """Refused: grant-missing, endpoint-type-not-granted."""
        if not granted:
            raise Refused("grant-missing")
        self._refuse(set(self.event_types) - granted)

    def changed(self, granted: AbstractSet[str], **change: Any) -> "Endpoint":  # noqa: ANN401 - fields of an endpoint
        """Only a type that it did not name before must be granted: an agency can always pause or narrow what it has.

        Refused endpoint-type-not-granted.
        """
        changed = replace(self, **change, revision=self.revision + 1)
        self._refuse(set(changed.event_types) - set(self.event_types) - granted)
        return changed

    @staticmethod
    def _refuse(not_granted: AbstractSet[str]) -> None:
        if not_granted:
            raise Refused("endpoint-type-not-granted", event_types=sorted(not_granted))

    def rotated(self, newest: Secret, *, overlap: timedelta, at: datetime) -> "Endpoint":
        """The secret that was the newest one signs on for `overlap`; older ones sign no longer."""
        former = replace(self.secrets[0], ends_at=at + overlap)
        kept = (former,) if overlap else ()
        return replace(self, secrets=(newest, *kept), revision=self.revision + 1)

    def registered(self) -> EndpointRegistered:
        """With all that it is."""
        secrets = tuple(SigningSecret(key_id=it.key_id, sealed=it.sealed, ends_at=it.ends_at) for it in self.secrets)
        return EndpointRegistered(
            agency=self.agency,
            endpoint_id=self.endpoint_id,
            revision=self.revision,
            url=self.url,
            event_types=self.event_types,
            ordering=self.ordering,
            start=self.start,
            active=self.active,
            secrets=secrets,
            registered_at=self.registered_at,
        )

    def removed(self, *, at: datetime) -> EndpointRemoved:
        return EndpointRemoved(agency=self.agency, endpoint_id=self.endpoint_id, removed_at=at)
