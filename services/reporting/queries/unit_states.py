"""The state of every unit of a district, as far as the granted types of event say it.

Invariant: a fact is given only where every type that can change it is granted: so a snapshot says nothing that the granted events do
not say, and a subscriber that goes on with them keeps it right. What no event has stated yet is null. Read page by page in one
transaction, so that all pages are of one snapshot and only one page is held in memory.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from shared.events.contract import Event
from shared.events.registry import UnitAssigned, UnitRegistered
from shared.events.signing import (
    AgreementDrafted,
    AgreementEffective,
    AgreementLocked,
    AgreementPerformed,
    AgreementPreRegistered,
    AgreementRescinded,
    AgreementReturned,
    AgreementReviewed,
    AgreementRevised,
    AgreementSigned,
    AgreementSuperseded,
    AgreementUnlocked,
    AgreementVoid,
    RightsConfirmed,
    RightsDisputed,
    RightsReviewing,
)
from shared.service.database import Transaction

# What can change each fact: held to the projections by tests/unit/reporting/test_unit_states.py.
CHANGED_BY: Final[Mapping[str, tuple[type[Event], ...]]] = {
    "registered": (UnitRegistered,),
    "assignment": (UnitAssigned,),
    "rights": (RightsReviewing, RightsConfirmed, RightsDisputed),
    "agreement": (
        AgreementDrafted,
        AgreementRevised,
        AgreementReviewed,
        AgreementReturned,
        AgreementLocked,
        AgreementUnlocked,
        AgreementPreRegistered,
        AgreementSuperseded,
        AgreementSigned,
        AgreementEffective,
        AgreementRescinded,
        AgreementVoid,
        AgreementPerformed,
    ),
    "signing": (AgreementSigned, AgreementRescinded, AgreementVoid),
}
_ROWS: Final = 1_000
# Each table alone first: its key is its index. A case or an assignment may have come before its unit.
_PAGE: Final = text("""
    with named as (
        (select unit_id from units where district = :district and unit_id > :after order by unit_id limit :limit)
        union (select unit_id from cases where district = :district and unit_id > :after order by unit_id limit :limit)
        union (select unit_id from assignments where district = :district and unit_id > :after order by unit_id limit :limit)
        order by unit_id limit :limit)
    select unit_id, coalesce(units.project_id, cases.project_id, assignments.project_id) as project_id,
           revision, unit_code, compound, building, stairwell, floor, top_floor, door, area as area_hundredths_m2, use, household_id,
           ownership, owners as right_holders, group_id, staff_id, rights, agreement, series, sequence_number, signed_at
    from named left join units using (unit_id) left join assignments using (unit_id) left join cases using (unit_id)
    order by unit_id
""")
_REGISTERED: Final = (
    "revision", "unit_code", "compound", "building", "stairwell", "floor", "top_floor", "door", "area_hundredths_m2", "use",
    "household_id", "ownership",
)  # fmt: skip
_OF_A_HOLDER: Final = ("masked_name", "share", "capable")


def facts(types: frozenset[str]) -> tuple[str, ...]:
    """Those that these types of event say whole."""
    return tuple(
        fact for fact, events in CHANGED_BY.items() if types.issuperset(event.declared.type for event in events)
    )


def of_district(tx: Transaction, district: str, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One unit after another by id; a unit of which no wanted fact is known is left out."""
    after = UUID(int=0)
    while rows := tx.connection.execute(_PAGE, {"district": district, "after": after, "limit": _ROWS}).all():
        for row in rows:
            known = {fact: _OF[fact](row) for fact in wanted}
            if any(value is not None for value in known.values()):
                yield {"unit_id": row.unit_id, "project_id": row.project_id, **known}
        after = rows[-1].unit_id


def _registered(row: Row[Any]) -> dict[str, Any] | None:
    if row.revision is None:
        return None
    holders = [{name: owner[name] for name in _OF_A_HOLDER if name in owner} for owner in row.right_holders]
    return {name: getattr(row, name) for name in _REGISTERED} | {"right_holders": holders}


def _assignment(row: Row[Any]) -> dict[str, Any] | None:
    return None if row.group_id is None else {"group_id": row.group_id, "staff_id": row.staff_id}


def _signing(row: Row[Any]) -> dict[str, Any] | None:
    if row.sequence_number is None:
        return None
    signed_at: datetime = row.signed_at
    return {"series": row.series, "sequence_number": row.sequence_number, "signed_at": signed_at}


_OF: Final = {
    "registered": _registered,
    "assignment": _assignment,
    "rights": lambda row: None if row.rights == "pending" else row.rights,
    "agreement": lambda row: None if row.agreement == "none" else row.agreement,
    "signing": _signing,
}
