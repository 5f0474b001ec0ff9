"""States of a case, in which test_never.py and test_never_counts.py try what must never happen; and the SQL that they try."""

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


def of(unit: UUID, here: District, agreement_id: UUID | None = None, **more: object) -> Given:
    owner = here.owners(unit)[0]
    place = {"d": here.district, "p": here.project_id, "agent": AGENT}
    return {**place, "unit": unit, "o": owner, "a": agreement_id, "m": None, **more}


def open_case(here: District) -> Given:
    return of(here.register(), here)


def drafted(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.drafted(unit))


def area_disputed(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    here.unlock(agreement_id)
    with here.transaction() as tx:
        set_area_dispute(tx, SetAreaDispute(unit, True, "balcony", DESK), here.clock)
    return of(unit, here, agreement_id)


def returned(here: District) -> Given:
    given = drafted(here)
    with here.transaction() as tx:
        return_agreement(tx, ReturnAgreement(given["a"], "papers_missing", "", DESK), here.clock)  # type: ignore[arg-type]
    return given


def locked(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.ready(unit))


def locked_jointly(here: District) -> Given:
    unit = here.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, here, here.ready(unit))


def of_a_child(here: District) -> Given:
    unit = here.register(a_holder(capable=False))
    return of(unit, here, here.ready(unit))


def of_a_company(here: District) -> Given:
    unit = here.register(a_holder(kind="organisation"))
    return of(unit, here, here.ready(unit))


def mandated(here: District) -> Given:
    unit = here.register()
    mandate = here.mandate(unit, here.owners(unit)[0], AGENT, "agent", date(2026, 11, 28))
    return of(unit, here, here.ready(unit), m=mandate)


def mandated_next_door(here: District) -> Given:
    unit, other = here.register(), here.register()
    mandate = here.mandate(other, here.owners(other)[0], AGENT, "agent", date(2027, 1, 1))
    return of(unit, here, here.ready(unit), m=mandate)


def revoked(here: District) -> Given:
    given = mandated(here)
    with here.transaction() as tx:
        revoke_mandate(tx, RevokeMandate(given["unit"], given["m"], "withdrawn", DESK), here.clock)  # type: ignore[arg-type]
    return given


def disputed(here: District) -> Given:
    given = locked(here)
    with here.transaction() as tx:
        dispute_rights(tx, DisputeRights(given["unit"], "inheritance", DESK), here.clock)  # type: ignore[arg-type]
    return given


def confirmed_jointly(here: District) -> Given:
    unit = here.register(*(a_holder(None) for _ in range(3)), ownership="joint")
    here.ready(unit)
    return of(unit, here, other=here.owners(unit)[2])


def reviewed(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    here.unlock(agreement_id)
    here.review(agreement_id)
    return of(unit, here, agreement_id)


def mandated_after_the_lock(here: District) -> Given:
    unit = here.register()
    agreement_id = here.ready(unit)
    return of(unit, here, agreement_id, m=here.mandate(unit, here.owners(unit)[0], AGENT, "agent", date(2026, 11, 28)))


def mandated_to_a_neighbour(here: District, **neighbour: object) -> Given:
    """Whose hand was capable, and no owner of anything, when the paper was recorded."""
    given = mandated(here)
    here.register(a_holder(person_id=AGENT, **neighbour))
    return given


def mandated_to_a_minor(here: District) -> Given:
    return mandated_to_a_neighbour(here, capable=False)


def mandated_to_a_company(here: District) -> Given:
    return mandated_to_a_neighbour(here, kind="organisation")


def beside_a_child(here: District) -> Given:
    child = a_holder(capable=False)
    here.register(child)
    return of(here.register(), here, agent=child.person_id)


def half_signed(here: District) -> Given:
    owners = [a_holder("1/2"), a_holder("1/2")]
    unit = here.register(*owners)
    agreement_id = here.ready(unit)
    here.sign(agreement_id, owners[1].person_id)
    return of(unit, here, agreement_id)


def frozen_beside_a_neighbour(here: District) -> Given:
    """Two units on the roll, one of them signed."""
    here.register()
    unit = here.register()
    here.freeze()
    return of(unit, here, here.signed(unit))


def announced(here: District) -> Given:
    """A roll that no units of ours have proved."""
    unit = here.register()
    here.hear(here.frozen())
    return of(unit, here)


def signed(here: District) -> Given:
    unit = here.register()
    return of(unit, here, here.signed(unit))


def signed_jointly(here: District) -> Given:
    unit = here.register(a_holder(None), a_holder(None), ownership="joint")
    return of(unit, here, here.signed(unit))


def locked_beside_an_open_case(here: District) -> Given:
    here.register()
    return locked(here)


def locked_after_a_neighbour_signed(here: District) -> Given:
    here.signed(here.register())
    return locked(here)


def frozen(here: District) -> Given:
    unit = here.register()
    here.freeze()
    return of(unit, here, None)


def latched(here: District) -> Given:
    unit = here.register()
    here.freeze()
    return of(unit, here, here.signed(unit))


def effective(here: District) -> Given:
    given = latched(here)
    with here.transaction() as tx:
        declare_effect(tx, DeclareEffect(here.project_id, "罗府〔2026〕1号", DESK), here.clock)
    here.fan_out()
    return given


def a_day_reported(here: District) -> Given:
    given = signed(here)
    carry_out(here.engine, here.district, DAY.format(on="2026-11-26", restatement=0), given)
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
NINE, AFTER, BEFORE = "2026-11-28 02:00Z", "2027-01-01 02:00Z", "2026-11-27 02:00Z"


def carry_out(engine: Engine, district: str, statements: str, given: Given) -> None:
    with service_database.begin(engine, district=district) as tx:
        for statement in statements.split(";"):
            tx.connection.execute(text(statement), given)


def refused(here: District, address: str, given: Given, statements: str, complaint: str) -> None:
    engine = service_database.connect(address, application_name="test", pool_size=1)
    try:
        with pytest.raises(DBAPIError, match=complaint):
            carry_out(engine, here.district, statements, given)
    finally:
        engine.dispose()
