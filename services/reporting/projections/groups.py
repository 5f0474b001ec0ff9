"""Signing groups and the units assigned to each (责任田)."""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.registry import GroupFormed, UnitAssigned
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_GROUP = text("""
    insert into groups (district, group_id, project_id, name, officers)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (group_id uuid, project_id uuid, name text, officers jsonb)
    on conflict (group_id) do update set name = excluded.name, officers = excluded.officers
""")
_ASSIGN = text("""
    insert into assignments (district, unit_id, project_id, group_id, staff_id)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (unit_id uuid, project_id uuid, group_id uuid, staff_id uuid)
    on conflict (unit_id) do update set group_id = excluded.group_id, staff_id = excluded.staff_id
""")


def when_group_formed_list_it(tx: Transaction, batch: Batch[GroupFormed]) -> None:
    # The key is the project, so the last of each group counts, not of each key.
    formed = {event.group_id: event.model_dump(mode="json") for event in batch.events}
    bulk.write(tx, _GROUP, list(formed.values()))


def when_unit_assigned_note_its_group(tx: Transaction, batch: Batch[UnitAssigned]) -> None:
    assigned = {event.unit_id: event.model_dump() for event in batch.events}
    bulk.write(tx, _ASSIGN, list(assigned.values()))
