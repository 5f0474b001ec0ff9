"""Districts, projects, groups and rolls in PostgreSQL, saved together with their events."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.registry.domain.project import Group, Member, Project, district_opened
from shared.events.registry import RollFrozen
from shared.refusal import Refused, Unknown
from shared.service.database import Transaction

_DISTRICT = text("""
    insert into districts (district, name, opened_at) values (:district, :name, :at) on conflict do nothing returning district
""")
_PROJECT = text("""
    insert into projects (project_id, district, name, starts_at, ends_at, bases, series, counting_rule, plan, signing_plan,
        auto_effect, opened_at)
    values (:project_id, :district, :name, :starts_at, :ends_at, cast(:bases as jsonb), :series, :counting_rule, :plan,
        cast(:signing_plan as jsonb), :auto_effect, :at)
    on conflict (district, name) do nothing returning project_id
""")
# Every change of a project's register locks its row, so imports, groups and the freezing run one after another.
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
_GROUP_OF = text("select group_id, project_id, name from groups where group_id = :group_id and district = :district")
_MEMBERS = text("""
    select staff_id, staff_number, name, subject from officers where group_id = :group_id order by staff_number
""")
_ROLL_LINES = text("""
    insert into roll_lines (project_id, unit_id, district, household_id, area_hundredths_m2, right_holders)
    select :project_id, unit_id, :district, household_id, cast(registered_area * 100 as bigint),
        jsonb_agg(jsonb_build_object('person_id', person_id, 'share', share) order by person_id)
    from units join holders using (unit_id) where project_id = :project_id group by unit_id
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
    tx.record(event)


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
        "signing_plan": json.dumps([point.model_dump(mode="json") for point in project.signing_plan]),
        "auto_effect": project.auto_effect,
        "at": project.opened_at,
    }
    try:
        added = tx.connection.execute(_PROJECT, values).scalar()
    except IntegrityError as no_district:
        raise Refused("district-not-open", district=project.district) from no_district
    if added is None:
        raise Refused("project-open", name=project.name)
    tx.record(event)


def lock(tx: Transaction, project_id: UUID) -> None:
    """Raises Unknown."""
    if tx.connection.execute(_LOCK, {"project_id": project_id, "district": tx.district}).scalar() is None:
        raise Unknown


def refuse_when_frozen(tx: Transaction, project_id: UUID) -> None:
    """Raises Refused roll-frozen. Call it under `lock`."""
    if at := frozen_at(tx, project_id):
        raise Refused("roll-frozen", frozen_at=at)


def frozen_at(tx: Transaction, project_id: UUID) -> datetime | None:
    """When the roll was frozen; None while it is not. Call it under `lock`."""
    frozen: datetime | None = tx.connection.execute(_FROZEN, {"project_id": project_id}).scalar()
    return frozen


def add_group(tx: Transaction, group: Group) -> None:
    """Raises Refused: what Group.formed raises, group-formed, officer-twice."""
    event = group.formed()
    place = {"group_id": group.group_id, "project_id": group.project_id, "district": tx.district}
    if tx.connection.execute(_GROUP, {**place, "name": group.name}).scalar() is None:
        raise Refused("group-formed", name=group.name)
    _add_members(tx, group, group.officers)
    tx.record(event)


def add_officer(tx: Transaction, group_id: UUID, officer: Member) -> Group:
    """Raises Unknown; Refused officer-twice."""
    row = tx.connection.execute(_GROUP_OF, {"group_id": group_id, "district": tx.district}).one_or_none()
    if row is None:
        raise Unknown
    lock(tx, row.project_id)
    members = [Member(**row._asdict()) for row in tx.connection.execute(_MEMBERS, {"group_id": group_id})]
    group = Group(group_id, row.project_id, row.name, (*members, officer))
    event = group.formed()
    _add_members(tx, group, (officer,))
    tx.record(event)
    return group


def _add_members(tx: Transaction, group: Group, members: Sequence[Member]) -> None:
    place = {"group_id": group.group_id, "project_id": group.project_id, "district": tx.district}
    if not members:
        return
    try:
        tx.connection.execute(_OFFICER, [{**place, **asdict(member)} for member in members])
    except IntegrityError as twice:
        raise Refused("officer-twice") from twice


def freeze(tx: Transaction, frozen: RollFrozen, *, by: str) -> None:
    totals = frozen.totals.model_dump()
    place = {"project_id": frozen.project_id, "district": tx.district}
    values = {**place, **totals, "digest": frozen.digest, "frozen_at": frozen.frozen_at, "frozen_by": by}
    tx.connection.execute(_ROLL, values)
    tx.connection.execute(_ROLL_LINES, place)
    tx.record(frozen)
