"""States of a case, and the forbidden SQL that test_forbidden_changes.py and test_forbidden_counts.py try in them."""

from datetime import date
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.signing.commands.decide_project import DeclareEffect, declare_effect
from services.signing.commands.keep_mandates import RevokeMandate, revoke_mandate
from services.signing.commands.review_agreement import ReturnAgreement, return_agreement
from services.signing.commands.settle_rights import DisputeRights, SetAreaDispute, dispute_rights, set_area_dispute
from shared.events.terms import Basis
from shared.service import database as service_database
from tests.support.signing import DESK, District, a_holder

Given = dict[str, object]
AGENT = UUID(int=2)


def of(unit: UUID, district: District, agreement_id: UUID | None = None, **more: object) -> Given:
    owner = district.owners(unit)[0]
    place = {"d": district.district, "p": district.project_id, "agent": AGENT}
    return {**place, "unit": unit, "o": owner, "a": agreement_id, "m": None, **more}


def open_case(district: District) -> Given:
    return of(district.register(), district)


def corrected(district: District) -> Given:
    unit = district.register()
    district.correct(unit, right_holders=(a_holder(),))
    return of(unit, district)


def drafted(district: District) -> Given:
    unit = district.register()
    return of(unit, district, district.drafted(unit))


def area_disputed(district: District) -> Given:
    unit = district.register()
    agreement_id = district.ready(unit)
    district.unlock(agreement_id)
    with district.transaction() as tx:
        set_area_dispute(tx, SetAreaDispute(unit, True, "balcony", DESK), district.clock)
    return of(unit, district, agreement_id)


def returned(district: District) -> Given:
    given = drafted(district)
    with district.transaction() as tx:
        return_agreement(tx, ReturnAgreement(given["a"], "papers_missing", "", DESK), district.clock)  # type: ignore[arg-type]
    return given


def locked(district: District) -> Given:
    unit = district.register()
    return of(unit, district, district.ready(unit))


def locked_jointly(district: District) -> Given:
    unit = district.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, district, district.ready(unit))


def of_a_child(district: District) -> Given:
    unit = district.register(a_holder(capable=False))
    return of(unit, district, district.ready(unit))


def of_a_company(district: District) -> Given:
    unit = district.register(a_holder(kind="organisation"))
    return of(unit, district, district.ready(unit))


def mandated(district: District) -> Given:
    unit = district.register()
    mandate = district.mandate(unit, district.owners(unit)[0], AGENT, "agent", date(2026, 11, 28))
    return of(unit, district, district.ready(unit), m=mandate)


def mandated_next_door(district: District) -> Given:
    unit, other = district.register(), district.register()
    mandate = district.mandate(other, district.owners(other)[0], AGENT, "agent", date(2027, 1, 1))
    return of(unit, district, district.ready(unit), m=mandate)


def revoked(district: District) -> Given:
    given = mandated(district)
    with district.transaction() as tx:
        revoke_mandate(tx, RevokeMandate(given["unit"], given["m"], "withdrawn", DESK), district.clock)  # type: ignore[arg-type]
    return given


def disputed(district: District) -> Given:
    given = locked(district)
    with district.transaction() as tx:
        dispute_rights(tx, DisputeRights(given["unit"], "inheritance", DESK), district.clock)  # type: ignore[arg-type]
    return given


def confirmed_jointly(district: District) -> Given:
    unit = district.register(*(a_holder(None) for _ in range(3)), ownership="joint")
    district.ready(unit)
    return of(unit, district, other=district.owners(unit)[2])


def reviewed(district: District) -> Given:
    unit = district.register()
    agreement_id = district.ready(unit)
    district.unlock(agreement_id)
    district.review(agreement_id)
    return of(unit, district, agreement_id)


def mandated_after_the_lock(district: District) -> Given:
    unit = district.register()
    agreement_id = district.ready(unit)
    return of(
        unit,
        district,
        agreement_id,
        m=district.mandate(unit, district.owners(unit)[0], AGENT, "agent", date(2026, 11, 28)),
    )


def mandated_to_a_neighbour(district: District, **neighbour: object) -> Given:
    """When the mandate was recorded, the hand was capable and owned no unit."""
    given = mandated(district)
    district.register(a_holder(person_id=AGENT, **neighbour))
    return given


def mandated_to_a_minor(district: District) -> Given:
    return mandated_to_a_neighbour(district, capable=False)


def mandated_to_a_company(district: District) -> Given:
    return mandated_to_a_neighbour(district, kind="organisation")


def incapable_elsewhere(district: District) -> Given:
    owner = a_holder()
    unit = district.register(owner)
    agreement_id = district.ready(unit)
    district.register(owner.model_copy(update={"capable": False}))
    return of(unit, district, agreement_id)


def beside_a_child(district: District) -> Given:
    child = a_holder(capable=False)
    district.register(child)
    return of(district.register(), district, agent=child.person_id)


def half_signed(district: District) -> Given:
    owners = [a_holder("1/2"), a_holder("1/2")]
    unit = district.register(*owners)
    agreement_id = district.ready(unit)
    district.sign(agreement_id, owners[1].person_id)
    return of(unit, district, agreement_id)


def frozen_beside_a_neighbour(district: District) -> Given:
    """Two units on the roll, one of them signed."""
    district.register()
    unit = district.register()
    district.freeze()
    return of(unit, district, district.signed(unit))


def announced(district: District) -> Given:
    """A frozen roll that our units have not matched."""
    unit = district.register()
    district.receive(district.frozen())
    return of(unit, district)


def signed(district: District) -> Given:
    unit = district.register()
    return of(unit, district, district.signed(unit))


def signed_jointly(district: District) -> Given:
    unit = district.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, district, district.signed(unit))


def locked_beside_an_open_case(district: District) -> Given:
    district.register()
    return locked(district)


def locked_after_a_neighbour_signed(district: District) -> Given:
    district.signed(district.register())
    return locked(district)


def frozen(district: District) -> Given:
    unit = district.register()
    district.freeze()
    return of(unit, district, None)


def latched(district: District) -> Given:
    unit = district.register()
    district.freeze()
    return of(unit, district, district.signed(unit))


def effective(district: District) -> Given:
    given = latched(district)
    with district.transaction() as tx:
        declare_effect(tx, DeclareEffect(district.project_id, "罗府〔2026〕1号", DESK), district.clock)
    district.fan_out()
    return given


def a_day_reported(district: District) -> Given:
    given = signed(district)
    carry_out(district.engine, district.district, DAY.format(on="2026-11-26", restatement=0), given)
    return given


DRAFT = """insert into agreements (district, agreement_id, unit_id, project_id, form, series, rule_set_version, drafted_at, state{})
            select district, gen_random_uuid(), unit_id, project_id, 'cash', 'cash', '3', now(), {} from cases where unit_id = :unit"""
SUCCEED = "update agreements set state = 'superseded' where agreement_id = :a; " + DRAFT.format(
    ", supersedes", "'drafted', :a"
)
JOIN = """insert into locked_holders (district, agreement_id, lock_count, person_id, position, name, kind, capable)
           values (:d, :a, 1, gen_random_uuid(), 9, '李**', 'natural', true)"""
SIGN = "insert into signatures values (:d, :a, 1, :o, {hand}, '{capacity}', {mandate}, '{at}', 'x')"
SELF = SIGN.format(hand=":o", capacity="self", mandate="null", at="{at}")
BY_AGENT = SIGN.format(hand=":agent", capacity="{capacity}", mandate=":m", at="{at}")
FED = "insert into counted values (:d, :p, 1, 'signed', :a, 0, 0, 0, 0, '{at}')"
NUMBER = """insert into series values (:d, :p, '{series}', 1, '{at}'); insert into numbers values (:d, :p, '{series}', 1, :a, '{at}')"""
TO = "update agreements set state = '{}' where agreement_id = :a"
MANDATE = (
    "insert into mandates values (:d, gen_random_uuid(), :unit, :o, {hand}, '{kind}', '2099-01-01', 'x', now(), 'x')"
)
RAISE = ", ".join(f"signed_{basis} = total_{basis}" for basis in get_args(Basis))
TOTALS = "update projects set total_units = 1, total_households = 1, total_right_holders = 1, total_area = 6518"
MATCHED_AGAIN = """insert into counted select :d, :p, 2, 'matched', null, signed_units, signed_households, signed_right_holders,
                    signed_area, now() from projects"""
LOCK = """update agreements set state = 'locked', lock_count = 2 where agreement_id = :a;
           insert into locks select district, agreement_id, 2, holders, ownership, rights_revision, rule_set_version, digest, now(), 'x'
           from locks;
           insert into locked_holders (district, agreement_id, lock_count, person_id, position, name, kind, capable, parts, whole)
           select district, agreement_id, 2, {person}, position, name, kind, {capable}, parts, whole from locked_holders
           where lock_count = 1"""
CLOSE = "insert into closings values (:d, :p, {reached}, '{at}', 'x')"
DAY = """insert into days (district, project_id, business_on, restatement, as_of, figures, bases, counting_rule, closed_at, closed_by)
          select district, project_id, '{on}', {restatement}, 0, '{{}}', '{{}}', counting_rule, '2026-11-27 02:00Z', 'x' from projects"""
NINE, TEN, AFTER, BEFORE = "2026-11-28 02:00Z", "2026-11-28 03:00Z", "2027-01-01 02:00Z", "2026-11-27 02:00Z"


def carry_out(engine: Engine, district: str, statements: str, given: Given) -> None:
    with service_database.begin(engine, district=district) as tx:
        for statement in statements.split(";"):
            tx.connection.execute(text(statement), given)


def refused(district: District, address: str, given: Given, statements: str, complaint: str) -> None:
    engine = service_database.connect(address, application_name="test", pool_size=1)
    try:
        with pytest.raises(DBAPIError, match=complaint):
            carry_out(engine, district.district, statements, given)
    finally:
        engine.dispose()
