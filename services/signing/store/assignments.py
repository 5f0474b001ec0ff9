"""The group and officer responsible for a unit. The latest event wins."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import text

from shared.events.registry import GroupFormed, UnitAssigned
from shared.service.database import Transaction

_PUT_GROUP = text("""
    insert into groups (district, group_id, project_id, name, officers, staff)
    values (:district, :group_id, :project_id, :name, cast(:officers as jsonb), cast(:staff as jsonb))
    on conflict (group_id) do update set name = excluded.name, officers = excluded.officers, staff = excluded.staff
""")
_PUT_UNIT = text("""
    insert into assignments (district, unit_id, group_id, staff_id) values (:district, :unit_id, :group_id, :staff_id)
    on conflict (unit_id) do update set group_id = excluded.group_id, staff_id = excluded.staff_id
""")


def put_groups(tx: Transaction, groups: Sequence[GroupFormed]) -> None:
    rows = [
        {"district": tx.district, "group_id": group.group_id, "project_id": group.project_id, "name": group.name}
        | {
            "officers": _object((str(officer.staff_id), officer.name) for officer in group.officers),
            "staff": _object(
                (officer.staff_number, str(officer.staff_id)) for officer in group.officers if officer.staff_number
            ),
        }
        for group in groups
    ]
    tx.connection.execute(_PUT_GROUP, rows)


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    return json.dumps(dict(pairs), ensure_ascii=False)


def put_units(tx: Transaction, assigned: Sequence[UnitAssigned]) -> None:
    rows = [
        {
            "district": tx.district,
            "unit_id": assignment.unit_id,
            "group_id": assignment.group_id,
            "staff_id": assignment.staff_id,
        }
        for assignment in assigned
    ]
    tx.connection.execute(_PUT_UNIT, rows)
