"""A decision of the project comes before later acts on a unit, and a failing project delays no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.commands.settle_rights import ConfirmRights, DisputeRights, confirm_rights, dispute_rights
from services.signing.domain.day import ClosedDay
from services.signing.workers.fan_out import FanOut
from shared.events.day import business_day
from shared.refusal import Refused
from shared.telemetry import metrics
from tests.support.signing import DESK, LAUNCH, District, a_holder

DOCUMENT = "罗府〔2026〕1号"


def declare(district: District) -> int:
    with district.transaction() as tx:
        return declare_effect(tx, DeclareEffect(district.project_id, DOCUMENT, DESK), district.clock).version


def lapse(district: District) -> None:
    district.clock.set(LAUNCH + timedelta(days=15))
    with district.transaction() as tx:
        close_period(tx, ClosePeriod(district.project_id, DESK), district.clock)


def dispute(district: District, unit: object) -> None:
    with district.transaction() as tx:
        dispute_rights(tx, DisputeRights(unit, "inheritance", DESK), district.clock)  # type: ignore[arg-type]


def signed_units(district: District, many: int = 2) -> list[object]:
    district.open_project(("units", 50))
    units = [district.register() for _ in range(many)]
    district.freeze()
    for unit in units:
        district.signed(unit)
    return list(units)


def test_a_dispute_after_the_declaration_waits_for_the_effect(district: District) -> None:
    unit, _ = signed_units(district)
    declare(district)
    dispute(district, unit)
    assert district.fan_out() == 1  # the other one

    assert district.types(unit)[-3:] == ["agreement.signed", "agreement.effective", "rights.disputed"]  # type: ignore[arg-type]


def test_a_confirmation_after_the_declaration_waits_for_the_effect(district: District) -> None:
    unit, _ = signed_units(district)
    dispute(district, unit)
    declare(district)
    with district.transaction() as tx:
        confirm_rights(tx, ConfirmRights(unit, DESK), district.clock)  # type: ignore[arg-type]
    district.fan_out()

    assert district.types(unit)[-3:] == ["rights.disputed", "agreement.effective", "rights.confirmed"]  # type: ignore[arg-type]


def test_a_correction_after_the_declaration_waits_for_the_effect(district: District) -> None:
    unit, _ = signed_units(district)
    declare(district)
    district.correct(unit, right_holders=(a_holder(),))  # type: ignore[arg-type]
    district.fan_out()

    assert district.types(unit)[-2:] == ["agreement.effective", "rights.disputed"]  # type: ignore[arg-type]
    assert district.rows("select code from tasks")[0].code == "rights-changed-after-signing"


def test_a_correction_after_the_period_lapsed_finds_nothing_signed(district: District) -> None:
    unit = district.register()
    district.register()
    district.freeze()
    agreement_id = district.signed(unit)
    lapse(district)
    district.correct(unit, right_holders=(a_holder(),))

    assert district.types(unit)[-2:] == ["agreement.void", "rights.disputed"]
    assert district.rows("select agreement_id from detachments")[0].agreement_id == agreement_id
    assert district.rows("select signed_units, signed_area from projects")[0] == (0, 0)
    assert district.rows("select * from tasks") == []
    assert district.fan_out() == 0


def test_a_day_is_not_closed_while_its_agreements_are_still_lapsing(district: District) -> None:
    first, second = district.register(), district.register()
    district.register()
    district.freeze()
    district.signed(first)
    district.signed(second)
    lapse(district)
    day = business_day(district.clock.now())
    district.clock.set(LAUNCH + timedelta(days=16))

    with pytest.raises(Refused, match=r"^project-settling$"):
        closed(district, day)
    assert district.rows("select * from days") == []
    district.fan_out()
    assert closed(district, day).figures["cash"].undone == 2


def closed(district: District, day: object) -> ClosedDay:
    with district.transaction() as tx:
        return close_day(tx, CloseDay(district.project_id, day, DESK), district.clock)  # type: ignore[arg-type]


def test_the_answer_names_the_version_that_is_stored_and_a_repeat_changes_none(district: District) -> None:
    signed_units(district)
    first_answer = declare(district)
    stored = district.rows("select version from projects")[0].version
    repeated = declare(district)

    assert (first_answer, repeated) == (stored, stored)
    assert district.rows("select version from projects")[0].version == stored


@contextmanager
def failing(district: District, project: District, sqlstate: str, *, times: int) -> Iterator[list[object]]:
    """Makes the query for the signed units of one project fail that many times."""
    left = [*range(times)]
    refused: list[object] = []

    def watch(connection: Connection, _: object, statement: str, given: object, *__: object) -> None:
        hit = "select unit_id, agreement_id from agreements" in statement and str(project.project_id) in str(given)
        if hit and left:
            refused.append(left.pop())
            connection.exec_driver_sql(f"do $$ begin raise exception 'broken' using errcode = '{sqlstate}'; end $$")

    event.listen(district.engine, "before_cursor_execute", watch)
    yield refused
    event.remove(district.engine, "before_cursor_execute", watch)


@pytest.mark.logs_error("item failed")
def test_a_failing_project_delays_no_other_and_is_retried(district: District) -> None:
    other = District(district.engine, "440305", district.clock)
    for item in (district, other):
        signed_units(item)
    for item in (district, other):
        declare(item)

    with failing(district, district, "22000", times=9):
        worker = FanOut(district.engine, district.clock)
        assert worker.run_once() == 2
        assert {row.state for row in other.rows("select state from agreements")} == {"effective"}
        assert worker.run_once() == 0
        failing_items = metrics.FAILING.labels("fan-out", district.district)._value.get()
        assert failing_items == 1
    district.fan_out()
    assert {row.state for row in district.rows("select state from agreements")} == {"effective"}


def test_a_deadlock_of_the_fan_out_is_retried_in_place(district: District) -> None:
    signed_units(district)
    declare(district)

    with failing(district, district, "40P01", times=2) as refused:
        assert FanOut(district.engine, district.clock).run_once() == 2

    assert len(refused) == 2


def test_a_unit_outside_the_decision_keeps_its_signing(district: District) -> None:
    unit = district.register()
    district.signed(unit)
    dispute(district, unit)

    with district.transaction() as tx:
        assert tx.connection.execute(text("select state from agreements")).scalar_one() == "signed"
