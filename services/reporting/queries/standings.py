"""The standing of each project: the count on four bases, the call, the missing units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.rates import NAMES, Basis
from shared.events.terms import CountingRule
from shared.service.database import Transaction

RollState = Literal["open", "incomplete", "frozen"]
Call = Literal["waiting", "short", "reached", "effective", "lapsed"]
CALLS: tuple[Call, ...] = get_args(Call)

_STANDINGS = text("""
    select projects.project_id, projects.district, coalesce(districts.name, projects.district) as district_name, projects.name,
           projects.bases, projects.counting_rule, projects.starts_at, projects.ends_at,
           rolls.units as roll_units, rolls.households as roll_households, rolls.right_holders as roll_right_holders,
           rolls.area as roll_area, rolls.matches, rolls.frozen_at,
           coalesce(tallies.units, 0) as own_units,
           coalesce(signed_units, 0) as units, coalesce(signed_households, 0) as households,
           coalesce(signed_right_holders, 0) as right_holders, coalesce(signed_area, 0) as area,
           calls.reached_at, calls.effective_at, calls.document_number, calls.closed_at
    from projects left join districts using (district) left join rolls using (project_id) left join tallies using (project_id)
         left join calls using (project_id)
    where cast(:project_ids as uuid[]) is null or project_id = any(cast(:project_ids as uuid[]))
    order by projects.district, projects.starts_at, projects.project_id
""")


@dataclass(frozen=True)
class Standing:
    """`incomplete`: the roll is frozen, but our own units do not give its digest yet, so there is no rate to show."""

    project_id: UUID
    district: str
    district_name: str
    name: str
    starts_at: datetime
    ends_at: datetime
    roll: RollState
    own_units: int
    bases: tuple[Basis, ...]
    counting_rule: CountingRule
    reached_at: datetime | None
    effective_at: datetime | None
    document_number: str | None
    closed_at: datetime | None

    def basis(self, name: str) -> Basis:
        return next(basis for basis in self.bases if basis.basis == name)

    @property
    def required(self) -> list[Basis]:
        return [basis for basis in self.bases if basis.required]

    @property
    def call(self) -> Call:
        """The call comes from signing's event. It is never computed from our own count."""
        if self.effective_at:
            return "effective"
        if self.reached_at:
            return "reached"
        if self.closed_at:
            return "lapsed"
        return "short" if self.roll == "frozen" else "waiting"

    @property
    def units_to_go(self) -> int | None:
        units = self.basis("units")
        return None if units.denominator is None else units.denominator - units.numerator


def of(tx: Transaction, project_ids: Sequence[UUID] | None = None) -> list[Standing]:
    """All granted projects, or those named. Sorted by district, then by start of the period."""
    wanted = None if project_ids is None else list(project_ids)
    return [_standing(row) for row in tx.connection.execute(_STANDINGS, {"project_ids": wanted})]


def _standing(row: Row[Any]) -> Standing:
    required = {basis["basis"]: basis for basis in row.bases}
    bases = tuple(
        Basis(
            basis=name,
            numerator=getattr(row, name),
            denominator=getattr(row, f"roll_{name}") if row.matches else None,
            percent=required.get(name, {}).get("percent"),
            legal_ground=required.get(name, {}).get("legal_ground"),
        )
        for name in NAMES
    )
    return Standing(
        **{
            name: getattr(row, name)
            for name in ("project_id", "district", "district_name", "name", "starts_at", "ends_at")
        },
        **{
            name: getattr(row, name)
            for name in ("own_units", "counting_rule", "reached_at", "effective_at", "document_number", "closed_at")
        },
        roll="frozen" if row.matches else "incomplete" if row.frozen_at else "open",
        bases=tuple(sorted(bases, key=lambda basis: not basis.required)),
    )
