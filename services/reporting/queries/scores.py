"""The scoreboard: how many of its units have signed, per signing group."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.events.stage import COUNTED
from shared.service.database import Transaction

_SCORES = text("""
    select groups.name, count(*) filter (where agreement = any(:counted)) as done, count(*) as units
    from units join assignments using (unit_id) join groups using (group_id) left join cases using (unit_id)
    where units.project_id = :project_id group by groups.name
""")


@dataclass(frozen=True)
class Score:
    """One line of the scoreboard."""

    name: str
    done: int
    units: int

    @property
    def left(self) -> int:
        return self.units - self.done


def of(tx: Transaction, project_id: UUID) -> Sequence[Score]:
    """Best rate first, equal ones by name."""
    found = tx.connection.execute(_SCORES, {"project_id": project_id, "counted": sorted(COUNTED)})
    return sorted((Score(*row) for row in found), key=lambda score: (-score.done / score.units, score.name))
