"""What a project has decided comes first in every unit's story, and one project's trouble is its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text

from services.signing.commands.close_day import CloseDay, close_day
from services.signing.commands.decide_project import ClosePeriod, DeclareEffect, close_period, declare_effect
from services.signing.commands.settle_rights import ConfirmRights, DisputeRights, confirm_rights, dispute_rights
from services.signing.domain.day import ClosedDay
from services.signing.domain.mandate import business_day
from services.signing.workers.fan_out import FanOut
from shared.refusal import Refused
from shared.telemetry import metrics
from tests.support.signing import DESK, LAUNCH, District, a_holder

DOCUMENT = "罗府〔2026〕1号"


def declare(here: District) -> int:
    with here.transaction() as tx:
        return declare_effect(tx, DeclareEffect(here.project_id, DOCUMENT, DESK), here.clock).version


def lapse(here: District) -> None:
    here.clock.set(LAUNCH + timedelta(days=15))
    with here.transaction() as tx:
        close_period(tx, ClosePeriod(here.project_id, DESK), here.clock)


def dispute(here: District, unit: object) -> None:
    with here.transaction() as tx:
        dispute_rights(tx, DisputeRights(unit, "inheritance", DESK), here.clock)  # type: ignore[arg-type]


def signed_units(here: District, many: int = 2) -> list[object]:
    here.open_project(("units", 50))
    units = [here.register() for _ in range(many)]
    here.freeze()
    for unit in units:
        here.signed(unit)
    return list(units)


def test_a_dispute_after_the_declaration_lets_the_effect_go_first(here: District) -> None:
    unit, _ = signed_units(here)
    declare(here)
    dispute(here, unit)
    assert here.fan_out() == 1  # the other one

    assert here.types(unit)[-3:] == ["agreement.signed", "agreement.effective", "rights.disputed"]  # type: ignore[arg-type]


def test_a_confirmation_after_the_declaration_lets_the_effect_go_first(here: District) -> None:
    unit, _ = signed_units(here)
    dispute(here, unit)
    declare(here)
    with here.transaction() as tx:
        confirm_rights(tx, ConfirmRights(unit, DESK), here.clock)  # type: ignore[arg-type]
    here.fan_out()

    assert here.types(unit)[-3:] == ["rights.disputed", "agreement.effective", "rights.confirmed"]  # type: ignore[arg-type]


def test_a_correction_after_the_declaration_lets_the_effect_go_first(here: District) -> None:
    unit, _ = signed_units(here)
    declare(here)
    here.correct(unit, right_holders=(a_holder(),))  # type: ignore[arg-type]
    here.fan_out()

    assert here.types(unit)[-2:] == ["agreement.effective", "rights.disputed"]  # type: ignore[arg-type]
    assert here.rows("select code from tasks")[0].code == "rights-changed-after-signing"


def test_a_correction_after_the_period_lapsed_finds_nothing_signed(here: District) -> None:
    unit = here.register()
    here.register()
    here.freeze()
    agreement_id = here.signed(unit)
    lapse(here)
    here.correct(unit, right_holders=(a_holder(),))

    assert here.types(unit)[-2:] == ["agreement.void", "rights.disputed"]
    assert here.rows("select agreement_id from detachments")[0].agreement_id == agreement_id
    assert here.rows("select signed_units, signed_area from projects")[0] == (0, 0)
    assert here.rows("select * from tasks") == []
    assert here.fan_out() == 0


def test_a_day_is_not_closed_while_its_agreements_are_still_lapsing(here: District) -> None:
    first, second = here.register(), here.register()
    here.register()
    here.freeze()
    here.signed(first)
    here.signed(second)
    lapse(here)
    day = business_day(here.clock.now())
    here.clock.set(LAUNCH + timedelta(days=16))

    with pytest.raises(Refused, match="project-settling"):
        closed(here, day)
    assert here.rows("select * from days") == []
    here.fan_out()
    assert closed(here, day).figures["cash"].undone == 2


def closed(here: District, day: object) -> ClosedDay:
    with here.transaction() as tx:
        return close_day(tx, CloseDay(here.project_id, day, DESK), here.clock)  # type: ignore[arg-type]


def test_the_answer_names_the_version_that_is_stored_and_a_repeat_changes_none(here: District) -> None:
    signed_units(here)
    said = declare(here)
    stored = here.rows("select version from projects")[0].version
    again = declare(here)

    assert (said, again) == (stored, stored)
    assert here.rows("select version from projects")[0].version == stored


@contextmanager
def failing(here: District, project: District, sqlstate: str, *, times: int) -> Iterator[list[object]]:
    """The database refuses, so many times, to say what is signed of one project."""
    left = [*range(times)]
    refused: list[object] = []

    def watch(connection: Connection, _: object, statement: str, given: object, *__: object) -> None:
        hit = "select unit_id, agreement_id from agreements" in statement and str(project.project_id) in str(given)
        if hit and left:
            refused.append(left.pop())
            connection.exec_driver_sql(f"do $$ begin raise exception 'broken' using errcode = '{sqlstate}'; end $$")

    event.listen(here.engine, "before_cursor_execute", watch)
    yield refused
    event.remove(here.engine, "before_cursor_execute", watch)


@pytest.mark.logs_error("item failed")
def test_a_broken_project_holds_up_no_other_and_is_not_passed_over(here: District) -> None:
    other = District(here.engine, "440305", here.clock)
    for each in (here, other):
        signed_units(each)
    for each in (here, other):
        declare(each)

    with failing(here, here, "22000", times=9):
        worker = FanOut(here.engine, here.clock)
        assert worker.run_once() == 2
        assert {row.state for row in other.rows("select state from agreements")} == {"effective"}
        assert worker.run_once() == 0
        failing_items = metrics.FAILING.labels("fan-out", here.district)._value.get()
        assert failing_items == 1
    here.fan_out()
    assert {row.state for row in here.rows("select state from agreements")} == {"effective"}


def test_a_deadlock_of_the_fan_out_is_tried_again_in_place(here: District) -> None:
    signed_units(here)
    declare(here)

    with failing(here, here, "40P01", times=2) as refused:
        assert FanOut(here.engine, here.clock).run_once() == 2

    assert len(refused) == 2


def test_a_unit_of_no_decision_keeps_its_signing(here: District) -> None:
    unit = here.register()
    here.signed(unit)
    dispute(here, unit)

    with here.transaction() as tx:
        assert tx.connection.execute(text("select state from agreements")).scalar_one() == "signed"
