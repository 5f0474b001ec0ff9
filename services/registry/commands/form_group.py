"""Forms a signing group in a project; adds an officer to an existing group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.registry.domain.act import Act
from services.registry.domain.project import Group, Member
from services.registry.store import acts, projects
from shared.service.database import Transaction


@dataclass(frozen=True)
class NewOfficer:
    staff_number: str
    name: str
    subject: str | None = None


@dataclass(frozen=True)
class FormGroup:
    project_id: UUID
    name: str
    officers: Sequence[NewOfficer]
    by: str
    at: datetime


def form_group(tx: Transaction, command: FormGroup) -> Group:
    """Raises Unknown; Refused: group-formed, officer-twice."""
    projects.lock(tx, command.project_id)
    officers = tuple(
        Member(uuid7(), officer.staff_number, officer.name, officer.subject) for officer in command.officers
    )
    group = Group(uuid7(), command.project_id, command.name, officers)
    projects.add_group(tx, group)
    acts.record(tx, Act("group-formed", command.by, command.at, group.project_id, group.group_id, group.name))
    return group


@dataclass(frozen=True)
class AddOfficer:
    group_id: UUID
    officer: NewOfficer
    by: str
    at: datetime


def add_officer(tx: Transaction, command: AddOfficer) -> Group:
    """Returns the changed group. Raises Unknown; Refused officer-twice."""
    new = command.officer
    group = projects.add_officer(tx, command.group_id, Member(uuid7(), new.staff_number, new.name, new.subject))
    named = f"{group.name} {new.name}"
    acts.record(tx, Act("officer-added", command.by, command.at, group.project_id, group.group_id, named))
    return group
