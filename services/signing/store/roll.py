"""The frozen roll: the denominators of all rates, and who on it has signed.

Invariant: nothing is evaluated before our own units give the digest that the registry announced. From then on the roll is a separate
copy of the lines that gave the digest, so a later correction of a unit changes no denominator. A sale after the freezing is not part of
these lines, even if it arrives before the copy. Counting a signing updates only the parties of that unit.
Left to others: the registry refuses to change a unit's household and area after the freezing (services/registry).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.signing.domain.case import Case
from services.signing.domain.threshold import Counts
from services.signing.store import pipeline
from services.signing.store.pipeline import Query
from shared.events import roll
from shared.events.registry import RollFrozen, Totals
from shared.events.terms import CountingRule
from shared.service.database import Transaction

_ANNOUNCE = text("""
    insert into rolls (district, project_id, digest, units, households, right_holders, area, frozen_at)
    values (:district, :project_id, :digest, :units, :households, :right_holders, :area, :frozen_at)
    on conflict (project_id) do update set digest = excluded.digest, units = excluded.units, households = excluded.households,
        right_holders = excluded.right_holders, area = excluded.area, frozen_at = excluded.frozen_at
    where rolls.matched_at is null or rolls.digest = excluded.digest
""")
# Cheap, so it can run often. Revisions only rise, so the same sum over the same units means the same data.
_WAITING = text("""
    select district, project_id, digest, known.units, known.revisions
    from rolls cross join lateral (
        select count(*) as units, coalesce(sum(revision), 0) as revisions from cases where cases.project_id = rolls.project_id) as known
    where matched_at is null and exists (select from projects where projects.project_id = rolls.project_id)
      and known.units >= rolls.units
    order by district, project_id
""")
_ROLL = text(
    "select digest, units, households, right_holders, area, matched_at from rolls where project_id = :project_id"
)
_UNITS = text("""
    select unit_id, household_id, area, roll_holders.person_id, written
    from cases join roll_holders using (unit_id) where project_id = :project_id
""")
_FORGET_HOLDERS = text("delete from roll_holders where unit_id = any(:unit_ids)")
_KEEP_HOLDER = text("""
    insert into roll_holders (district, unit_id, person_id, written) values (:district, :unit_id, :person_id, :written)
""")
# Copied from the lines that gave the digest, not from the tables: a unit may have been corrected in between.
_COPY_UNITS = text("""
    insert into roll_units (district, project_id, unit_id, household_id, area, signed)
    select :district, :project_id, unit_id, household_id, area, exists (
        select from agreements where agreements.unit_id = line.unit_id and counts_as_signed)
    from unnest(cast(:unit_ids as uuid[]), cast(:household_ids as uuid[]), cast(:areas as bigint[])) as line (unit_id, household_id, area)
""")
_MEMBERS = "unnest(cast(:units as uuid[]), cast(:kinds as text[]), cast(:parties as uuid[])) as member (unit_id, kind, party_id)"
_COPY_PARTIES = text(f"""
    insert into roll_parties (district, project_id, kind, party_id, units, counts_from, signed)
    select :district, :project_id, kind, party_id, count(*),
           case when kind = 'right_holder' and :rule = 'any_unit_signed' then 1 else count(*) end, count(*) filter (where signed)
    from {_MEMBERS} join roll_units using (unit_id) where project_id = :project_id group by kind, party_id
""")  # noqa: S608 - a constant
_COPY_MEMBERS = text(f"""
    insert into roll_members (district, project_id, unit_id, kind, party_id)
    select :district, :project_id, unit_id, kind, party_id from {_MEMBERS}
""")  # noqa: S608 - a constant
_MATCHED = text("update rolls set matched_at = :at where project_id = :project_id")
_SIGNED = text("""
    with parties as (select kind from roll_parties where project_id = :project_id and signed >= counts_from)
    select count(*) as units, coalesce(sum(area), 0) as area,
           (select count(*) from parties where kind = 'household') as households,
           (select count(*) from parties where kind = 'right_holder') as people
    from roll_units where project_id = :project_id and signed
""")
# Both directions: a party counts as signed when `counts_from` units have signed, and no longer when one of them is undone.
# The arrays make the database look the parties up by their keys. A join, planned before the database knows how large a roll is, reads all
# parties of the project under its lock.
CHANGE = """
    unit as (
        update roll_units set signed = :signed where project_id = :project_id and unit_id = :unit_id and signed <> :signed
        returning area),
    member as materialized (
        select kind, party_id from roll_members where project_id = :project_id and unit_id = :unit_id and exists (select from unit)),
    parties as (
        update roll_parties party set signed = party.signed + case when :signed then 1 else -1 end
        where party.project_id = :project_id and party.kind = any(array(select kind from member))
          and party.party_id = any(array(select party_id from member))
          and exists (select from member where (member.kind, member.party_id) = (party.kind, party.party_id))
        returning party.kind, party.signed + case when :signed then 0 else 1 end = party.counts_from as turned)
"""
CHANGED = """
    (select count(*) from unit) as units, coalesce((select sum(area) from unit), 0) as area,
           (select count(*) from parties where turned and kind = 'household') as households,
           (select count(*) from parties where turned and kind = 'right_holder') as people
"""
_COUNT = text(f"with {CHANGE} select {CHANGED}")


class Waiting(NamedTuple):
    """`units` and `revisions` change with every new revision of the project's units."""

    district: str
    project_id: UUID
    digest: str
    units: int
    revisions: int


class Proof(NamedTuple):
    """A roll's digest, and the lines that gave it."""

    digest: str
    lines: Sequence[roll.Line]


def keep_holders(tx: Transaction, cases: Sequence[Case]) -> None:
    """Stores the right-holders of these units as registered before the roll was frozen."""
    if not cases:
        return
    tx.connection.execute(_FORGET_HOLDERS, {"unit_ids": [case.unit.unit_id for case in cases]})
    rows = [
        {
            "district": tx.district,
            "unit_id": case.unit.unit_id,
            "person_id": holder.person_id,
            "written": holder.written,
        }
        for case in cases
        for holder in case.rights.holders
    ]
    if rows:
        tx.connection.execute(_KEEP_HOLDER, rows)


def announce(tx: Transaction, event: RollFrozen) -> bool:
    """False when another roll was already counted: a frozen roll does not change."""
    totals = {
        "units": event.totals.units,
        "households": event.totals.households,
        "area": event.totals.area_hundredths_m2,
    }
    what = {"project_id": event.project_id, "digest": event.digest, "frozen_at": event.frozen_at}
    row = {"district": tx.district, **what, **totals, "right_holders": event.totals.right_holders}
    return bool(tx.connection.execute(_ANNOUNCE, row).rowcount)


def waiting(tx: Transaction) -> Sequence[Waiting]:
    """Unmatched rolls whose units have all arrived."""
    return [Waiting(*row) for row in tx.connection.execute(_WAITING)]


def prove(tx: Transaction, project_id: UUID) -> Proof | None:
    """The lines of our own units if they give the announced digest, else None. No lock, because a whole roll takes time."""
    announced = tx.connection.execute(_ROLL, {"project_id": project_id}).one()
    lines = _lines(tx, project_id)
    totals = Totals(
        units=announced.units,
        households=announced.households,
        right_holders=announced.right_holders,
        area_hundredths_m2=announced.area,
    )
    proved = roll.totals(lines) == totals and roll.digest(lines) == announced.digest
    return Proof(announced.digest, lines) if proved else None


def copy(
    tx: Transaction, project_id: UUID, proof: Proof, *, rule: CountingRule, at: datetime
) -> tuple[Counts, Counts] | None:
    """Returns total and signed of the roll. None when it was copied or announced again since the proof. Call it under the project's lock.

    `rule`: when a right-holder counts as signed, for as long as this roll is counted.
    """
    it = {"project_id": project_id, "district": tx.district}
    announced = tx.connection.execute(_ROLL, it).one()
    if announced.matched_at or announced.digest != proof.digest:
        return None
    units = {
        "unit_ids": [line.unit_id for line in proof.lines],
        "household_ids": [line.household_id for line in proof.lines],
        "areas": [line.area_hundredths_m2 for line in proof.lines],
    }
    tx.connection.execute(_COPY_UNITS, {**it, **units})
    members = [member for line in proof.lines for member in _members(line)]
    parties = dict(zip(("units", "kinds", "parties"), map(list, zip(*members, strict=True)), strict=True))
    for statement in (_COPY_PARTIES, _COPY_MEMBERS):
        tx.connection.execute(statement, {**it, **parties, "rule": rule})
    tx.connection.execute(_MATCHED, {**it, "at": at})
    total = Counts(announced.units, announced.households, announced.right_holders, announced.area)
    return total, _counts(tx.connection.execute(_SIGNED, it).one())


def count(tx: Transaction, *, project_id: UUID, unit_id: UUID, signed: bool) -> Counts:
    """The change of the count by signing or un-signing one unit; zero while there is no roll."""
    change = read_change(pipeline.together(tx, counting(project_id, unit_id, signed=signed))[0])
    return change if signed else -change


def counting(project_id: UUID, unit_id: UUID, *, signed: bool) -> Query:
    """Marks the unit. For `read_change`."""
    return Query(_COUNT, {"project_id": project_id, "unit_id": unit_id, "signed": signed})


def read_change(rows: Sequence[Any]) -> Counts:
    """By how much the count differs, without its sign."""
    return _counts(rows[0])


def _members(line: roll.Line) -> list[tuple[UUID, str, UUID]]:
    people = sorted({person for person, _ in line.right_holders})
    return [
        (line.unit_id, "household", line.household_id),
        *((line.unit_id, "right_holder", person_id) for person_id in people),
    ]


def _lines(tx: Transaction, project_id: UUID) -> list[roll.Line]:
    holders: dict[tuple[UUID, UUID, int], list[tuple[UUID, str | None]]] = defaultdict(list)
    for row in tx.connection.execute(_UNITS, {"project_id": project_id}):
        holders[(row.unit_id, row.household_id, row.area)].append((row.person_id, row.written))
    return [roll.Line(*unit, tuple(owners)) for unit, owners in holders.items()]


def _counts(row: Any) -> Counts:  # noqa: ANN401 - a row of either statement
    return Counts(units=row.units, households=row.households, right_holders=row.people, area=int(row.area))
