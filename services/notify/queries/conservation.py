"""Is every message that was planned accounted for, and who cannot be told yet?

    planned = sent + held + withheld + superseded + failed + unknown + waiting

`planned` counts recipients that planning has settled, the right side counts messages by what became of them: two
tables, so that a message that got lost between them shows. `waiting` includes the one a worker is sending now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.service.database import Transaction

_BALANCE = text("""
    with told as (
        select recipients.district, count(*) filter (where planned_at is not null) as planned,
               count(*) filter (where planned_at is null) as incomplete
        from recipients join facts using (event_id)
        where cast(:project_id as uuid) is null or facts.project_id = :project_id group by 1),
    became as (
        select district, count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'held') as held,
               count(*) filter (where state = 'withheld') as withheld, count(*) filter (where state = 'superseded')
                   as superseded,
               count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'unknown') as unknown,
               count(*) filter (where state in ('waiting', 'trying')) as waiting
        from messages where cast(:project_id as uuid) is null or project_id = :project_id group by 1)
    select district, planned, coalesce(sent, 0) as sent, coalesce(held, 0) as held, coalesce(withheld, 0) as withheld,
           coalesce(superseded, 0) as superseded, coalesce(failed, 0) as failed, coalesce(unknown, 0) as unknown,
           coalesce(waiting, 0) as waiting, incomplete
    from told left join became using (district) order by district
""")


@dataclass(frozen=True)
class Balance:
    """`incomplete`: recipients whose contact or key has not arrived. Nothing is planned for them, and nothing is
    lost.
    """

    district: str
    planned: int
    sent: int
    held: int
    withheld: int
    superseded: int
    failed: int
    unknown: int
    waiting: int
    incomplete: int

    @property
    def missing(self) -> int:
        """0 when the equation holds."""
        became = self.sent + self.held + self.withheld + self.superseded + self.failed + self.unknown + self.waiting
        return self.planned - became


def by_district(tx: Transaction, *, project_id: UUID | None = None) -> Sequence[Balance]:
    return [Balance(**row._asdict()) for row in tx.connection.execute(_BALANCE, {"project_id": project_id})]
