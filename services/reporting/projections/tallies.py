"""How many have signed, per project and basis, and whether our own units are the frozen roll.

A tally sums over units that several consumers write, and joins data from different topics. So it is not incremented: it is recounted
under the lock of its row, from the current units and cases. The last transaction sees everything, in any order of arrival.
A household counts once over the roll, and as signed when all its units are; a right-holder by the project's counting rule. Until the
project arrives with its rule, none of its rates is shown; then all is recounted.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from shared.events import roll
from shared.events.stage import COUNTED
from shared.service.database import Transaction

# Rows are locked in one global order until the commit. The count below is a separate statement, so that its
# snapshot is younger than the lock.
_LOCK = text("""
    insert into tallies (district, project_id)
    select :district, project_id from unnest(cast(:projects as uuid[])) as touched (project_id) order by project_id
    on conflict (project_id) do update set project_id = excluded.project_id
""")
_COUNT = text("""
    with roll as (
        select units.project_id, units.unit_id, household_id, area,
               coalesce(agreement = any(:counted), false) as signed
        from units left join cases using (unit_id) where units.project_id = any(cast(:projects as uuid[]))),
    by_unit as (
        select project_id, count(*) as units, count(*) filter (where signed) as signed_units, coalesce(sum(area), 0) as area,
               coalesce(sum(area) filter (where signed), 0) as signed_area
        from roll group by project_id),
    by_household as (
        select project_id, count(*) as households, count(*) filter (where signed) as signed_households
        from (select project_id, household_id, bool_and(signed) as signed from roll group by project_id, household_id) as households
        group by project_id),
    by_holder as (
        select project_id, count(*) as right_holders, count(*) filter (where signed) as signed_right_holders
        from (select roll.project_id, person_id,
                     case counting_rule when 'any_unit_signed' then bool_or(signed) else bool_and(signed) end as signed
              from roll join holders using (unit_id) left join projects on projects.project_id = roll.project_id
              group by roll.project_id, person_id, counting_rule) as people
        group by project_id)
    update tallies
    set units = by_unit.units, households = by_household.households, right_holders = by_holder.right_holders,
        area = by_unit.area, signed_units = by_unit.signed_units, signed_households = by_household.signed_households,
        signed_right_holders = by_holder.signed_right_holders, signed_area = by_unit.signed_area
    from by_unit join by_household using (project_id) join by_holder using (project_id)
    where tallies.project_id = by_unit.project_id
""")
# The digest is taken only when the four totals agree: before that it cannot be the same.
_CANDIDATES = text("""
    select rolls.project_id, rolls.digest from rolls join tallies using (project_id)
    where rolls.project_id = any(cast(:projects as uuid[])) and not rolls.matches
      and (rolls.units, rolls.households, rolls.right_holders, rolls.area)
        = (tallies.units, tallies.households, tallies.right_holders, tallies.area)
    order by rolls.project_id
""")
_LINES = text("""
    select units.unit_id, household_id, area, array_agg(person_id) as people, array_agg(share) as shares
    from units join holders on holders.unit_id = units.unit_id where units.project_id = :project_id group by units.unit_id
""")
_MATCHES = text("update rolls set matches = true where project_id = :project_id")


def settle(tx: Transaction, projects: Iterable[UUID]) -> None:
    """To be called after the projection of a batch, in its transaction."""
    touched = {"district": tx.district, "projects": sorted(set(projects)), "counted": sorted(COUNTED)}
    if touched["projects"]:
        tx.connection.execute(_LOCK, touched)
        tx.connection.execute(_COUNT, touched)
        for row in tx.connection.execute(_CANDIDATES, touched).all():
            _compare(tx, row.project_id, row.digest)


def _compare(tx: Transaction, project_id: UUID, frozen: str) -> None:
    parameters = {"project_id": project_id}
    lines = [
        roll.Line(row.unit_id, row.household_id, row.area, tuple(zip(row.people, row.shares, strict=True)))
        for row in tx.connection.execute(_LINES, parameters)
    ]
    if roll.digest(lines) == frozen:
        tx.connection.execute(_MATCHES, parameters)
