"""Cases, locked before anything else of their unit."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.signing.domain.case import Case, Unit
from services.signing.domain.mandate import Mandate
from services.signing.store import pipeline, rights
from services.signing.store.pipeline import Query
from shared.refusal import Refused
from shared.service.database import Transaction

# Every command on a unit takes this lock first, so no aggregate of a unit decides on stale data of another.
_LOCK = text("select * from cases where unit_id = :unit_id for update")
_LOCK_OF = text("""
    select * from cases where unit_id = (select unit_id from agreements where agreement_id = :agreement_id) for update
""")
_HOLDERS_OF = text("""
    select * from case_holders where unit_id = (select unit_id from agreements where agreement_id = :agreement_id)
""")
# Several cases are always locked in one global order: by unit.
_LOCK_MANY = text("select * from cases where unit_id = any(:unit_ids) order by unit_id for update")
_HOLDERS = text("select * from case_holders where unit_id = any(:unit_ids)")
_HOLDERS_ON = text("select * from case_holders where unit_id = :unit_id")
_SIGNED = text("select unit_id from agreements where unit_id = any(:unit_ids) and counts_as_signed")
_ADD = text("""
    insert into cases (district, unit_id, project_id, revision, unit_code, compound, building, stairwell, floor, door, area,
                       household_id, ownership, rights_state, rights_revision, area_disputed, opened_at)
    values (:district, :unit_id, :project_id, :revision, :unit_code, :compound, :building, :stairwell, :floor, :door, :area,
            :household_id, :ownership, :rights_state, :rights_revision, :area_disputed, :opened_at)
""")
_SAVE = text("""
    update cases set project_id = :project_id, revision = :revision, unit_code = :unit_code, compound = :compound,
           building = :building, stairwell = :stairwell, floor = :floor, door = :door, area = :area,
           household_id = :household_id, ownership = :ownership, rights_state = :rights_state,
           rights_revision = :rights_revision, area_disputed = :area_disputed, version = version + 1
    where unit_id = :unit_id
""")
_DROP_HOLDERS = text("delete from case_holders where unit_id = any(:unit_ids)")
_ADD_HOLDER = text("""
    insert into case_holders (district, unit_id, person_id, position, name, kind, capable, parts, whole, written)
    values (:district, :unit_id, :person_id, :position, :name, :kind, :capable, :parts, :whole, :written)
""")
_ADD_TASK = text("""
    insert into tasks (district, task_id, unit_id, code, raised_at) values (:district, :task_id, :unit_id, :code, :raised_at)
""")
# Over all known units of the district. One that has them as incapable or as an organisation is enough.
_MAY_SIGN = (
    "select coalesce(bool_and(capable and kind = 'natural'), true) from case_holders where person_id = :person_id"
)
_CAPABLE = text(_MAY_SIGN)
_HOLDERS_AND_HAND = text(f"""
    select *, ({_MAY_SIGN}) as hand_is_capable from case_holders
    where unit_id = (select unit_id from agreements where agreement_id = :agreement_id)
""")  # noqa: S608 - a constant
_MANDATES = text("select * from mandates where unit_id = :unit_id order by valid_until desc, mandate_id")
_ADD_MANDATE = text("""
    insert into mandates (district, mandate_id, unit_id, right_holder, hand, kind, valid_until, evidence, recorded_at, recorded_by)
    values (:district, :mandate_id, :unit_id, :right_holder, :hand, :kind, :valid_until, :evidence, :recorded_at, :recorded_by)
""")
_REVOKE_MANDATE = text("""
    update mandates set revoked_at = coalesce(revoked_at, :at) where unit_id = :unit_id and mandate_id = :mandate_id
""")


def lock(tx: Transaction, unit_id: UUID) -> Case:
    """Raises Refused: case-unknown."""
    rows, holders = pipeline.together(tx, Query(_LOCK, {"unit_id": unit_id}), Query(_HOLDERS_ON, {"unit_id": unit_id}))
    if not rows:
        raise Refused("case-unknown")
    return _cases(rows, holders)[0]


def lock_of(tx: Transaction, agreement_id: UUID) -> Case:
    """The case that an agreement belongs to, for commands that name the agreement only. Raises Refused: agreement-unknown."""
    it = {"agreement_id": agreement_id}
    return _of_agreement(*pipeline.together(tx, Query(_LOCK_OF, it), Query(_HOLDERS_OF, it)))


def locking_signable(agreement_id: UUID, *, hand: UUID) -> tuple[Query, Query]:
    """For a signature, whether its hand is capable too: for `read_signable`."""
    it = {"agreement_id": agreement_id, "person_id": hand}
    return Query(_LOCK_OF, it), Query(_HOLDERS_AND_HAND, it)


def read_signable(rows: list[Any], holders: list[Any]) -> tuple[Case, bool]:
    """Raises Refused: agreement-unknown."""
    return _of_agreement(rows, holders), all(holder.hand_is_capable for holder in holders)


def _of_agreement(rows: list[Any], holders: list[Any]) -> Case:
    if not rows:
        raise Refused("agreement-unknown")
    return _cases(rows, holders)[0]


def lock_units(tx: Transaction, unit_ids: Iterable[UUID]) -> dict[UUID, Case]:
    units = {"unit_ids": sorted(set(unit_ids))}
    rows, holders = pipeline.together(tx, Query(_LOCK_MANY, units), Query(_HOLDERS, units))
    return {case.unit.unit_id: case for case in _cases(rows, holders)}


def with_signed_agreement(tx: Transaction, cases: Iterable[Case]) -> set[UUID]:
    return set(tx.connection.execute(_SIGNED, {"unit_ids": [case.unit.unit_id for case in cases]}).scalars())


def add(tx: Transaction, cases: Sequence[Case], *, at: datetime) -> None:
    if cases:
        tx.connection.execute(_ADD, [{**_row(tx, case), "opened_at": at} for case in cases])
        _replace_holders(tx, cases, known=False)


def save(tx: Transaction, *cases: Case, at: datetime, new_facts: bool = False) -> None:
    """`new_facts`: the registry's data changed, so right-holders are saved too."""
    if not cases:
        return
    tx.connection.execute(_SAVE, [_row(tx, case) for case in cases])
    if new_facts:
        _replace_holders(tx, cases, known=True)
    tasks = [{"unit_id": case.unit.unit_id, "code": code} for case in cases for code in case.tasks]
    if tasks:
        named = [{**task, "district": tx.district, "task_id": uuid7(), "raised_at": at} for task in tasks]
        tx.connection.execute(_ADD_TASK, named)
    for case in cases:
        case.version += 1


def mandates(tx: Transaction, unit_id: UUID) -> tuple[Mandate, ...]:
    return tuple(
        Mandate(*(getattr(row, field.name) for field in fields(Mandate)))
        for row in tx.connection.execute(_MANDATES, {"unit_id": unit_id})
    )


def capable(tx: Transaction, person_id: UUID) -> bool:
    """Whether a person may sign, by the register. True for an unregistered person: the desk decides."""
    return bool(tx.connection.execute(_CAPABLE, {"person_id": person_id}).scalar_one())


def add_mandate(tx: Transaction, case: Case, mandate: Mandate, *, at: datetime, by: str) -> None:
    row = {
        "mandate_id": mandate.mandate_id,
        "right_holder": mandate.right_holder,
        "hand": mandate.hand,
        "kind": mandate.kind,
    }
    paper = {"valid_until": mandate.valid_until, "evidence": mandate.evidence, "recorded_at": at, "recorded_by": by}
    tx.connection.execute(_ADD_MANDATE, {"district": tx.district, "unit_id": case.unit.unit_id, **row, **paper})


def revoke_mandate(tx: Transaction, case: Case, mandate_id: UUID, *, at: datetime) -> None:
    """Raises Refused: mandate-unknown."""
    known = tx.connection.execute(_REVOKE_MANDATE, {"unit_id": case.unit.unit_id, "mandate_id": mandate_id, "at": at})
    if known.rowcount == 0:
        raise Refused("mandate-unknown")


def _replace_holders(tx: Transaction, cases: Sequence[Case], *, known: bool) -> None:
    if known:
        tx.connection.execute(_DROP_HOLDERS, {"unit_ids": [case.unit.unit_id for case in cases]})
    holders = [
        row for case in cases for row in rights.rows(case.rights, district=tx.district, unit_id=case.unit.unit_id)
    ]
    if holders:
        tx.connection.execute(_ADD_HOLDER, holders)


def _cases(rows: Sequence[Any], holders: Iterable[Any]) -> list[Case]:
    of_unit: dict[UUID, list[Any]] = {row.unit_id: [] for row in rows}
    for holder in holders:
        of_unit[holder.unit_id].append(holder)
    return [
        Case(
            Unit(**{field.name: getattr(row, field.name) for field in fields(Unit)}),
            rights.read(row.ownership, of_unit[row.unit_id]),
            rights_state=row.rights_state,
            rights_revision=row.rights_revision,
            area_disputed=row.area_disputed,
            version=row.version,
        )
        for row in rows
    ]


def _row(tx: Transaction, case: Case) -> dict[str, object]:
    return {
        "district": tx.district,
        **vars(case.unit),
        "ownership": case.rights.ownership,
        "rights_state": case.rights_state,
        "rights_revision": case.rights_revision,
        "area_disputed": case.area_disputed,
    }
