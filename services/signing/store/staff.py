"""Members of staff: under which name, roles and staff number a login acted last in a district."""

from dataclasses import asdict, dataclass
from typing import Self

from sqlalchemy import text

from shared.service.database import Transaction
from shared.service.identity import Subject

_NOTE = text("""
    insert into staff (subject, district, name, roles, staff_number) values (:subject, :district, :name, :roles, :staff_number)
    on conflict (subject, district) do update
    set name = excluded.name, roles = excluded.roles, staff_number = excluded.staff_number, noted_at = now()
    where (staff.name, staff.roles, staff.staff_number) is distinct from (excluded.name, excluded.roles, excluded.staff_number)
""")


@dataclass(frozen=True)
class Member:
    """As the identity provider names them. `staff_number` is empty for who has none."""

    subject: str
    name: str
    roles: tuple[str, ...]
    staff_number: str

    @classmethod
    def of(cls, it: Subject) -> Self:
        """Who has no name is called by the login."""
        return cls(it.subject, it.name or it.subject, tuple(sorted(it.roles)), it.staff_number)


def note(tx: Transaction, member: Member) -> None:
    tx.connection.execute(_NOTE, {**asdict(member), "roles": list(member.roles), "district": tx.district})
