"""An agency's own engineer says where its events are sent, and rotates the secret that signs them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from services.registry.domain.endpoint import Endpoint, Secret, Start
from services.registry.store import endpoints
from services.registry.store.vault import Vault
from shared.events.terms import Ordering
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class Wanted:
    """`event_types`: empty for all that is granted."""

    url: str
    event_types: tuple[str, ...]
    ordering: Ordering


@dataclass(frozen=True)
class RegisterEndpoint:
    wanted: Wanted
    start: Start
    client_id: str
    at: datetime


def register_endpoint(tx: Transaction, vault: Vault, command: RegisterEndpoint) -> Endpoint:
    """Refused: grant-missing, endpoint-type-not-granted, endpoints-too-many."""
    agency, endpoint_id = endpoints.agency_of(tx, command.client_id), uuid7()
    secret, kept = _secret(vault, endpoint_id)
    endpoint = Endpoint(
        endpoint_id,
        agency,
        **vars(command.wanted),
        start=command.start,
        registered_at=command.at,
        secrets=(secret,),
    )
    endpoint.within(endpoints.granted_types(tx, agency, at=command.at))
    endpoints.add(tx, endpoint, kept=kept, by=command.client_id)
    return endpoint


@dataclass(frozen=True)
class ChangeEndpoint:
    """`active=False`: nothing is sent; the events wait."""

    endpoint_id: UUID
    wanted: Wanted
    active: bool
    expected: int
    client_id: str
    at: datetime


def change_endpoint(tx: Transaction, command: ChangeEndpoint) -> Endpoint:
    """Raises Unknown; Refused: grant-missing, version-superseded, endpoint-type-not-granted."""
    endpoint = _own(tx, command.endpoint_id, command.client_id)
    if endpoint.revision != command.expected:
        raise Refused("version-superseded", version=endpoint.revision)
    granted = endpoints.granted_types(tx, endpoint.agency, at=command.at)
    changed = endpoint.changed(granted, **vars(command.wanted), active=command.active)
    endpoints.change(tx, changed)
    return changed


@dataclass(frozen=True)
class RotateSecret:
    """`overlap`: how long the former secret signs beside the new one."""

    endpoint_id: UUID
    overlap: timedelta
    client_id: str
    at: datetime


def rotate_secret(tx: Transaction, vault: Vault, command: RotateSecret) -> Endpoint:
    """Raises Unknown; Refused grant-missing."""
    endpoint = _own(tx, command.endpoint_id, command.client_id)
    secret, kept = _secret(vault, endpoint.endpoint_id)
    rotated = endpoint.rotated(secret, overlap=command.overlap, at=command.at)
    endpoints.rotate(tx, rotated, kept=kept, at=command.at)
    return rotated


@dataclass(frozen=True)
class RemoveEndpoint:
    endpoint_id: UUID
    client_id: str
    at: datetime


def remove_endpoint(tx: Transaction, command: RemoveEndpoint) -> Endpoint:
    """Raises Unknown; Refused grant-missing."""
    endpoint = _own(tx, command.endpoint_id, command.client_id)
    endpoints.remove(tx, endpoint, by=command.client_id, at=command.at)
    return endpoint


def _own(tx: Transaction, endpoint_id: UUID, client_id: str) -> Endpoint:
    return endpoints.find(tx, endpoint_id, agency=endpoints.agency_of(tx, client_id))


def _secret(vault: Vault, endpoint_id: UUID) -> tuple[Secret, bytes]:
    made = vault.new_signing_secret(endpoint_id)
    return Secret(made.key_id, made.sealed), made.kept
