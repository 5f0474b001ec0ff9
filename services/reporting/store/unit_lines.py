"""The units of a project with all that counts them: now, or as they had signed by the end of a business day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.reporting.domain.facets import badges
from services.reporting.domain.lines import Unit
from shared.events.stage import COUNTED, Facets, stage
from shared.service.database import Transaction

# Why a unit is unsigned, of `units` and its case: the first of REASONS (domain/lines.py) that holds.
REASON: Final = """
    case when rights = 'disputed' then 'disputed' when owners @> '[{"capable": false}]' then 'minor' when overseas then 'overseas'
         when agreement in ('locked', 'pre_registered') then 'ready' else 'preparing' end
"""
# The order of the grid: 2栋 stands before 10栋.
_UNITS: Final = text(f"""
    with counted as (
        select units.*, rights, agreement, groups.name as group_name, officers, staff_id,
               case when cast(:until as timestamptz) is null then coalesce(agreement = any(:counted), false)
                    else coalesce((select sum(change) from signings where signings.unit_id = units.unit_id and at < :until), 0) > 0
               end as signed,
               (select array_agg(person_id order by person_id) from holders where holders.unit_id = units.unit_id) as people,
               last.series as last_series, last.sequence_number as last_number
        from units left join cases using (unit_id) left join assignments using (unit_id) left join groups using (group_id)
             left join lateral (
                 select series, sequence_number from signings
                 where signings.unit_id = units.unit_id and change = 1 and (cast(:until as timestamptz) is null or at < :until)
                 order by at desc, sequence_number desc limit 1) as last on true
        where units.project_id = :project_id)
    select *, case when not signed then {REASON} end as reason
    from counted order by compound, length(building), building, length(stairwell), stairwell, floor, length(door), door, unit_id
""")  # noqa: S608 - both parts are written here
# After the end of the day a unit may have signed, or no longer be signed: its stage of that day is taken from the count.
_LATER: Final = {True: "signed", False: "ready"}


def of_project(tx: Transaction, project_id: UUID, *, until: datetime | None = None) -> list[Unit]:
    """`until`: counted by what had happened before that instant. Stage and reason are those of now, in which a case stood then or later."""
    wanted = {"project_id": project_id, "until": until, "counted": sorted(COUNTED)}
    return [_unit(row) for row in tx.connection.execute(_UNITS, wanted)]


def _unit(row: Row[Any]) -> Unit:
    officers = {officer["staff_id"]: officer["name"] for officer in row.officers or ()}
    now = stage(
        Facets(
            rights=None if row.rights in {None, "pending"} else row.rights,
            agreement=None if row.agreement in {None, "none"} else row.agreement,
        )
    )
    return Unit(
        unit_id=str(row.unit_id),
        compound=row.compound,
        building=row.building,
        stairwell=row.stairwell,
        door=row.door,
        area=row.area,
        stage=now if row.signed == (row.agreement in COUNTED) else _LATER[row.signed],
        signed=row.signed,
        group=row.group_name,
        officer=officers.get(str(row.staff_id)),
        reason=row.reason,
        household_id=str(row.household_id),
        people=tuple(map(str, row.people or ())),
        floor=row.floor,
        top_floor=row.top_floor,
        badges=badges(rights=row.rights, overseas=row.overseas, owners=row.owners),
        series=row.last_series if row.signed else None,
        sequence_number=row.last_number if row.signed else None,
    )


_CHANGED: Final = text("""
    select body -> 'units' as units, number, appended_at from feed
    where district = :district and number > :number and kind = 'changed' and body ->> 'project_id' = :project_id order by number
""")


def changed_since(
    tx: Transaction, project_id: UUID, district: str, number: int
) -> Sequence[tuple[str, int, datetime]] | None:
    """Each unit that changed after a feed number, with the last number and time. None: more than the feed names.

    Ask feed.complete_after first.
    """
    wanted = {"district": district, "number": number, "project_id": str(project_id)}
    found: dict[str, tuple[str, int, datetime]] = {}
    for row in tx.connection.execute(_CHANGED, wanted):
        if row.units is None:
            return None
        found |= {unit: (unit, row.number, row.appended_at) for unit in row.units}
    return sorted(found.values(), key=lambda change: -change[1])
