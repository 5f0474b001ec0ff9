"""The scoreboard: how many of its units have signed, per signing group."""

from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from shared.events.stage import COUNTED
from shared.service.database import Transaction

_SCORES = text("""
    select groups.name, count(*) filter (where agreement = any(:counted)) as done, count(*) as units
    from units join assignments using (unit_id) join groups using (group_id) left join cases using (unit_id)
    where units.project_id = :project_id group by groups.name
""")


class ScoreState(BaseModel):
    name: str = Field(description="the signing group")
    done: int = Field(description="of its units, how many are signed or further")
    units: int

    @property
    def left(self) -> int:
        return self.units - self.done


def of(tx: Transaction, project_id: UUID) -> list[ScoreState]:
    """Best rate first, equal ones by name."""
    found = tx.connection.execute(_SCORES, {"project_id": project_id, "counted": sorted(COUNTED)})
    return sorted(
        (ScoreState(**row._asdict()) for row in found), key=lambda score: (-score.done / score.units, score.name)
    )
