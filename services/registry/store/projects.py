"""Districts, projects, groups and rolls in PostgreSQL, saved together with what they say."""

import json
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.registry.domain.project import Group, Project, district_opened
from shared.events.registry import RollFrozen
from shared.messaging import journal
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_DISTRICT = text("""
    insert into districts (district, name, opened_at) values (:district, :name, :at) on conflict do nothing returning district
""")
_PROJECT = text("""
    insert into projects (project_id, district, name, starts_at, ends_at, bases, series, counting_rule, plan, auto_effect, opened_at)
    values (:project_id, :district, :name, :starts_at, :ends_at, cast(:bases as jsonb), :series, :counting_rule, :plan, :auto_effect, :at)
    on conflict (district, name) do nothing returning project_id
""")
# Whoever changes the register of a project holds its row: imports, groups and the freezing follow one another.
_LOCK = text("select project_id from projects where project_id = :project_id and district = :district for update")
_FROZEN = text("select frozen_at from rolls where project_id = :project_id")
_GROUP = text("""
    insert into groups (group_id, district, project_id, name) values (:group_id, :district, :project_id, :name)
    on conflict (project_id, name) do nothing returning group_id
""")
_OFFICER = text("""
    insert into officers (staff_id, district, group_id, project_id, staff_number, name, subject)
    values (:staff_id, :district, :group_id, :project_id, :staff_number, :name, :subject)
""")
_ROLL = text("""
    insert into rolls (project_id, district, units, households, right_holders, area_hundredths_m2, digest, frozen_at, frozen_by)
    values (:project_id, :district, :units, :households, :right_holders, :area_hundredths_m2, :digest, :frozen_at, :frozen_by)
""")


def open_district(tx: Transaction, *, name: str, at: object) -> None:
    """Raises Refused: district-code-invalid, district-open."""
    event = district_opened(tx.district, name)
    if tx.connection.execute(_DISTRICT, {"district": tx.district, "name": name, "at": at}).scalar() is None:
        raise Refused("district-open", district=tx.district)
    journal.write(tx, [event])


def add(tx: Transaction, project: Project) -> None:
    """Raises Refused: what Project.opened raises, district-not-open, project-open."""
    event = project.opened()
    values = {
        "project_id": project.project_id,
        "district": project.district,
        "name": project.name,
        "starts_at": project.period.starts_at,
        "ends_at": project.period.ends_at,
        "bases": json.dumps([basis.model_dump() for basis in project.bases], ensure_ascii=False),
        "series": list(project.series),
        "counting_rule": project.counting_rule,
        "plan": project.plan,
        "auto_effect": project.auto_effect,
        "at": project.opened_at,
    }
    try:
        added = tx.connection.execute(_PROJECT, values).scalar()
    except IntegrityError as no_district:
        raise Refused("district-not-open", district=project.district) from no_district
    if added is None:
        raise Refused("project-open", name=project.name)
    journal.write(tx, [event])


def lock(tx: Transaction, project_id: UUID) -> None:
    """Raises Unknown."""
    if tx.connection.execute(_LOCK, {"project_id": project_id, "district": tx.district}).scalar() is None:
        raise Unknown


def refuse_when_frozen(tx: Transaction, project_id: UUID) -> None:
    """Raises Refused roll-frozen. Call it under `lock`."""
    if frozen_at := tx.connection.execute(_FROZEN, {"project_id": project_id}).scalar():
        raise Refused("roll-frozen", frozen_at=frozen_at)


def add_group(tx: Transaction, group: Group) -> None:
    """Raises Refused: what Group.formed raises, group-formed, officer-twice."""
    event = group.formed()
    place = {"group_id": group.group_id, "project_id": group.project_id, "district": tx.district}
    if tx.connection.execute(_GROUP, {**place, "name": group.name}).scalar() is None:
        raise Refused("group-formed", name=group.name)
    if group.officers:
        rows = [
            {
                **place,
                "staff_id": each.staff_id,
                "staff_number": each.staff_number,
                "name": each.name,
                "subject": each.subject,
            }
            for each in group.officers
        ]
        try:
            tx.connection.execute(_OFFICER, rows)
        except IntegrityError as twice:
            raise Refused("officer-twice") from twice
    journal.write(tx, [event])


def freeze(tx: Transaction, frozen: RollFrozen, *, by: str) -> None:
    totals = frozen.totals.model_dump()
    place = {"project_id": frozen.project_id, "district": tx.district}
    values = {**place, **totals, "digest": frozen.digest, "frozen_at": frozen.frozen_at, "frozen_by": by}
    tx.connection.execute(_ROLL, values)
    journal.write(tx, [frozen])
