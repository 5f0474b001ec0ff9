"""Which group and which officer answer for a unit. The latest word stands."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from shared.events.registry import GroupFormed, UnitAssigned
from shared.service.database import Transaction

_PUT_GROUP = text("""
    insert into groups (district, group_id, project_id, name, officers)
    values (:district, :group_id, :project_id, :name, cast(:officers as jsonb))
    on conflict (group_id) do update set name = excluded.name, officers = excluded.officers
""")
_PUT_UNIT = text("""
    insert into assignments (district, unit_id, group_id, staff_id) values (:district, :unit_id, :group_id, :staff_id)
    on conflict (unit_id) do update set group_id = excluded.group_id, staff_id = excluded.staff_id
""")


def put_groups(tx: Transaction, groups: Sequence[GroupFormed]) -> None:
    rows = [
        {"district": tx.district, "group_id": each.group_id, "project_id": each.project_id, "name": each.name}
        | {
            "officers": json.dumps(
                {str(officer.staff_id): officer.name for officer in each.officers}, ensure_ascii=False
            )
        }
        for each in groups
    ]
    tx.connection.execute(_PUT_GROUP, rows)


def put_units(tx: Transaction, assigned: Sequence[UnitAssigned]) -> None:
    rows = [
        {"district": tx.district, "unit_id": each.unit_id, "group_id": each.group_id, "staff_id": each.staff_id}
        for each in assigned
    ]
    tx.connection.execute(_PUT_UNIT, rows)
