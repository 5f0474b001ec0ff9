"""Units as last registered; and their owners when the roll was frozen, because rates are counted over those.

Until then the two are the same. After the freezing the registry does not change a unit's area or household.
"""

from sqlalchemy import text

from services.reporting.projections import bulk
from shared.events.registry import UnitRegistered
from shared.messaging.reactions import Batch
from shared.service.database import Transaction

_KEEP = text("""
    insert into units (district, unit_id, project_id, revision, unit_code, compound, building, stairwell, floor, top_floor, door, area, use,
                       household_id, ownership, owner, overseas, owners)
    select :district, * from jsonb_to_recordset(cast(:rows as jsonb))
        as incoming (unit_id uuid, project_id uuid, revision int, unit_code text, compound text, building text, stairwell text,
                 floor int, top_floor int, door text, area bigint, use text, household_id uuid, ownership text, owner text,
                 overseas boolean, owners jsonb)
    on conflict (unit_id) do update
    set project_id = excluded.project_id, revision = excluded.revision, unit_code = excluded.unit_code,
        compound = excluded.compound, building = excluded.building, stairwell = excluded.stairwell, floor = excluded.floor,
        top_floor = excluded.top_floor, door = excluded.door, area = excluded.area, use = excluded.use,
        household_id = excluded.household_id, ownership = excluded.ownership, owner = excluded.owner,
        overseas = excluded.overseas, owners = excluded.owners
""")
_FORGET_HOLDERS = text("""
    delete from holders using jsonb_to_recordset(cast(:rows as jsonb)) as incoming (unit_id uuid)
    where holders.unit_id = incoming.unit_id and holders.district = :district
""")
_HOLDERS = text("""
    insert into holders (district, project_id, unit_id, person_id, share)
    select :district, *
    from jsonb_to_recordset(cast(:rows as jsonb)) as incoming (project_id uuid, unit_id uuid, person_id uuid, share text)
    on conflict do nothing
""")


def when_unit_registered_draw_it(tx: Transaction, batch: Batch[UnitRegistered]) -> None:
    bulk.write(tx, _KEEP, [_row(unit) for unit in bulk.latest(batch)])
    events = batch.events
    counted = {unit.unit_id: unit for unit in events if not unit.after_freeze}.values()
    bulk.write(tx, _FORGET_HOLDERS, [{"unit_id": unit.unit_id} for unit in counted])
    holders = [
        {
            "project_id": unit.project_id,
            "unit_id": unit.unit_id,
            "person_id": holder.person_id,
            "share": holder.share,
        }
        for unit in counted
        for holder in unit.right_holders
    ]
    bulk.write(tx, _HOLDERS, holders)


def _row(unit: UnitRegistered) -> dict[str, object]:
    return {
        **unit.model_dump(exclude={"right_holders", "area_hundredths_m2", "after_freeze"}),
        "area": unit.area_hundredths_m2,
        "owner": unit.right_holders[0].masked_name,
        "overseas": any(holder.overseas for holder in unit.right_holders),
        "owners": [
            holder.model_dump(include={"masked_name", "share", "capable", "kind"}) for holder in unit.right_holders
        ],
    }
