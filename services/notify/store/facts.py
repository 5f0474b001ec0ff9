"""Facts that need messages, and their recipients. A fact waits until all data for its messages has arrived.

Invariant: a fact is stored once, by its event id. Its recipients are fixed when they are first known, so a later buyer of the
unit gets no message about this signing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text

from services.notify.domain.rules import Fact
from shared.events.registry import Sealed
from shared.service.database import Transaction
from shared.telemetry import tracing

_ENTER = text("""
    insert into facts (district, event_id, event_type, project_id, unit_id, agreement_id, template, number,
                       happened_at, urgent, supersedes, told_at, resolved, headers)
    values (:district, :event_id, :event_type, :project_id, :unit_id, :agreement_id, :template, :number,
            :happened_at, :urgent, :supersedes, :told_at, :resolved, :headers)
    on conflict (event_id) do nothing returning true
""")
_NAMED = text("""
    insert into recipients (district, event_id, person_id)
    select :district, :event_id, unnest(cast(:persons as uuid[])) on conflict do nothing
""")
_RESOLVE = text("""
    with known as (
        update facts set resolved = true
        where not resolved and exists (select from units where units.unit_id = facts.unit_id)
        returning event_id, unit_id)
    insert into recipients (district, event_id, person_id)
    select :district, event_id, person_id from known join right_holders using (unit_id) where current
    on conflict do nothing
""")
# A person whose key was dropped is planned too, as withheld. Rows that another planner has locked are
# skipped.
_COMPLETE = text("""
    select event_id, facts.project_id, facts.unit_id, template, number, happened_at, urgent, facts.headers,
           recipients.person_id, masked_name, units.label as unit, projects.name as project,
           contacts.key_id, nonce, ciphertext, wrapped,
           exists (select from facts as later where later.agreement_id = facts.agreement_id
                   and facts.template = any(later.supersedes)) as superseded
    from recipients
    join facts using (event_id)
    join units on units.unit_id = facts.unit_id
    join projects on projects.project_id = facts.project_id
    join right_holders on right_holders.unit_id = facts.unit_id and right_holders.person_id = recipients.person_id
    join person_keys on person_keys.person_id = recipients.person_id
    left join contacts on contacts.person_id = recipients.person_id and contacts.key_id = person_keys.key_id
    where recipients.planned_at is null and (person_keys.dropped_at is not null or contacts.key_id is not null)
    order by event_id, person_id limit :batch
    for update of recipients skip locked
""")
_PLANNED = text("""
    update recipients set planned_at = :at
    from unnest(cast(:events as uuid[]), cast(:persons as uuid[])) as planned (event_id, person_id)
    where recipients.event_id = planned.event_id and recipients.person_id = planned.person_id
""")


class Due(NamedTuple):
    """A recipient of a fact."""

    event_id: UUID
    person_id: UUID


@dataclass(frozen=True)
class Complete:
    """Everything that planning one message needs. `sealed` is None when the person's key was dropped. `headers` is the fact's trace."""

    due: Due
    project_id: UUID
    unit_id: UUID
    template: str
    number: int | None
    happened_at: datetime
    urgent: bool
    superseded: bool
    masked_name: str
    unit: str
    project: str
    sealed: Sealed | None
    wrapped: str | None
    headers: Mapping[str, str]


def enter(tx: Transaction, fact: Fact, *, event_id: UUID, at: datetime) -> bool:
    """False when this event is already stored."""
    row = {**vars(fact), "supersedes": list(fact.supersedes), "event_id": event_id, "told_at": at}
    row |= {"resolved": fact.recipients is not None, "headers": Jsonb(tracing.headers())}
    persons = row.pop("recipients")
    new = bool(tx.connection.execute(_ENTER, {**row, "district": tx.district}).scalar())
    if new and persons is not None:
        tx.connection.execute(_NAMED, {"district": tx.district, "event_id": event_id, "persons": list(persons)})
    return new


def resolve(tx: Transaction) -> None:
    """Adds the recipients of facts whose unit is now known."""
    tx.connection.execute(_RESOLVE, {"district": tx.district})


def complete(tx: Transaction, *, batch: int) -> Sequence[Complete]:
    """Unplanned recipients whose data is complete, locked until the commit."""
    return [
        Complete(
            due=Due(row.event_id, row.person_id),
            project_id=row.project_id,
            unit_id=row.unit_id,
            template=row.template,
            number=row.number,
            happened_at=row.happened_at,
            urgent=row.urgent,
            superseded=row.superseded,
            masked_name=row.masked_name,
            unit=row.unit,
            project=row.project,
            sealed=None
            if row.key_id is None
            else Sealed(key_id=row.key_id, nonce=row.nonce, ciphertext=row.ciphertext),
            wrapped=row.wrapped,
            headers=row.headers or {},
        )
        for row in tx.connection.execute(_COMPLETE, {"batch": batch})
    ]


def planned(tx: Transaction, due: Sequence[Due], *, at: datetime) -> None:
    events, persons = (list(column) for column in zip(*due, strict=True))
    tx.connection.execute(_PLANNED, {"events": events, "persons": persons, "at": at})
