"""Tenants: people who live or trade in a unit without owning it. A tenancy is recorded and ended here.

Invariant: a tenant is a person like any other: one per document in a district, sealed in the vault. A unit has each tenant at
most once at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.registry.domain import details, person
from services.registry.domain.act import Act
from services.registry.store import acts, alike, corrections, people, tenancies
from services.registry.store.vault import Vault
from shared.refusal import Refused
from shared.service.database import Transaction


@dataclass(frozen=True)
class RecordTenant:
    """`details`: name, document_type, document_number, mobile, email, language."""

    unit_id: UUID
    details: Mapping[str, str | None]
    use: str
    since_on: date | None
    until_on: date | None
    by: str
    at: datetime
    today: date


@dataclass(frozen=True)
class EndTenancy:
    tenancy_id: UUID
    ended_on: date
    by: str
    at: datetime


def record_tenant(tx: Transaction, vault: Vault, command: RecordTenant) -> UUID:
    """Raises Unknown; Refused: register-busy, correction-faulty, tenancy-ends-first, tenant-there."""
    if faults := details.flaws(command.details, today=command.today):
        raise Refused("correction-faulty", faults=faults)
    if command.since_on and command.until_on and command.until_on < command.since_on:
        raise Refused("tenancy-ends-first")
    people.lock_district_or_refuse(tx)
    corrections.project_of(tx, command.unit_id)
    tenant = person.of_line(dict(command.details))
    if (registered := people.known_otherwise(tx, vault, tenant)) is not None:
        code = alike.against_register(tenant.name, registered) or "person-name-differs"
        raise Refused("correction-faulty", faults=[{"field": "/name", "code": code}])
    mark = vault.document_mark(tenant)
    events = people.record(tx, vault, {mark: tenant}, at=command.at)
    tenancy_id = tenancies.add(
        tx,
        mark,
        {
            "unit_id": command.unit_id,
            "use": command.use,
            "since_on": command.since_on,
            "until_on": command.until_on,
            "by": command.by,
            "at": command.at,
        },
    )
    tx.record(*events)
    return tenancy_id


def end_tenancy(tx: Transaction, command: EndTenancy) -> None:
    """Idempotent. Raises Unknown."""
    if tenancies.end(tx, command.tenancy_id, ended_on=command.ended_on):
        acts.record(tx, Act("tenancy-ended", command.by, command.at, of=command.tenancy_id))
