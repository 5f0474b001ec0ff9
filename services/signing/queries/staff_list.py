"""Who acts under a login: the officer whom the register knows by the staff number, else the name that the login had at its last act.

For members of staff only: no event, no log line and no page of another system has it.
"""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.refusal import Unknown
from shared.service.database import Transaction

_STAFF = text("""
    select distinct on (subject) subject, roles, staff_number, coalesce(officer, name) as name from staff
    left join lateral (
        select officers ->> (groups.staff ->> staff_number) as officer from groups
        where groups.district = staff.district and staff_number <> '' and groups.staff ? staff_number limit 1) as known on true
    where subject = any(:subjects) order by subject, noted_at desc
""")


class Member(BaseModel):
    subject: str = Field(description="The login, as acts keep it.")
    name: str
    roles: list[str]
    staff_number: str = Field(description="Empty for who has none.")


def of(tx: Transaction, subjects: Iterable[str | None]) -> Mapping[str, Member]:
    """By login, those that are known."""
    rows = tx.connection.execute(_STAFF, {"subjects": sorted({subject for subject in subjects if subject})})
    return {row.subject: Member.model_validate(row, from_attributes=True) for row in rows}


def one(tx: Transaction, subject: str) -> Member:
    """Raises Unknown."""
    found = of(tx, [subject]).get(subject)
    if found is None:
        raise Unknown
    return found
