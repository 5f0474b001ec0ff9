"""Forms a signing group in a project; adds an officer to an existing group."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from services.registry.domain.project import Group, Member
from services.registry.store import projects
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


def form_group(tx: Transaction, command: FormGroup) -> Group:
    """Raises Unknown; Refused: group-formed, officer-twice."""
    projects.lock(tx, command.project_id)
    officers = tuple(
        Member(uuid7(), officer.staff_number, officer.name, officer.subject) for officer in command.officers
    )
    group = Group(uuid7(), command.project_id, command.name, officers)
    projects.add_group(tx, group)
    return group


@dataclass(frozen=True)
class AddOfficer:
    group_id: UUID
    officer: NewOfficer


def add_officer(tx: Transaction, command: AddOfficer) -> Group:
    """Returns the changed group. Raises Unknown; Refused officer-twice."""
    new = command.officer
    return projects.add_officer(tx, command.group_id, Member(uuid7(), new.staff_number, new.name, new.subject))
