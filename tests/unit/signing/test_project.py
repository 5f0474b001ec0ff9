"""Does a project keep its period, set its latch once, and declare effect and close only when it may?"""

from datetime import datetime, timedelta

import pytest

from services.signing.domain.project import Declaration, Project
from services.signing.domain.threshold import Basis, Counts
from shared.refusal import Refused
from tests.unit.signing.builders import NOON, a_project

ENDS = NOON + timedelta(days=15)  # of a_project
MOMENT = timedelta(microseconds=1)
TEN = Counts(10, 10, 10, 1_000)


def a_half(*, automatic: bool = False, total: Counts | None = TEN) -> Project:
    """It needs five of ten units."""
    return a_project(Basis("units", 50, "方案"), total=total, automatic=automatic)


def reached(*, at: datetime = NOON, automatic: bool = False) -> Project:
    project = a_half(automatic=automatic)
    assert project.count(Counts(units=5), at=at)
    return project


def event_types(project: Project) -> list[str]:
    return [type(event).__name__ for event in project.recorded]


def test_the_period_begins_with_its_first_instant_and_ends_before_its_last():
    project = a_half()

    project.expect_open(NOON)
    project.expect_open(ENDS - MOMENT)
    with pytest.raises(Refused, match=r"^period-not-open$") as early:
        project.expect_open(NOON - MOMENT)
    with pytest.raises(Refused, match=r"^period-over$") as late:
        project.expect_open(ENDS)

    assert (early.value.facts, late.value.facts) == ({"starts_at": NOON}, {"ends_at": ENDS})


def test_after_the_latch_others_may_still_sign_whenever():
    project = reached()

    project.expect_open(ENDS)
    project.close(at=ENDS, by="command")
    project.expect_open(ENDS + MOMENT)


def test_a_closed_period_without_the_threshold_takes_no_signing_even_by_an_earlier_clock():
    project = a_half()
    project.close(at=ENDS, by="command")

    with pytest.raises(Refused, match=r"^period-over$"):
        project.expect_open(ENDS - MOMENT)


def test_the_latch_is_set_once_and_a_rescission_does_not_lift_it():
    project = a_half()

    assert not project.count(Counts(units=4), at=NOON)
    assert project.count(Counts(units=1), at=NOON + MOMENT)
    assert not project.count(-Counts(units=1), at=NOON + 2 * MOMENT)
    assert not project.count(Counts(units=1), at=NOON + 3 * MOMENT)

    assert project.latch and project.latch.reached_at == NOON + MOMENT
    [event] = project.recorded
    assert (event.reached_at, event.roll_digest) == (NOON + MOMENT, project.roll_digest)
    [basis] = event.bases
    assert (basis.basis, basis.signed, basis.total, basis.percent, basis.legal_ground) == ("units", 5, 10, 50, "方案")


def test_nothing_is_reached_before_a_roll_has_matched_whatever_was_signed():
    project = a_half(total=None)

    assert not project.count(Counts(units=9), at=NOON)
    project.total = TEN

    assert project.evaluate(at=NOON)


def test_a_period_that_ended_without_the_threshold_never_reaches_it():
    project = a_half()
    project.close(at=ENDS, by="command")

    assert not project.count(Counts(units=10), at=ENDS)
    assert project.latch is None and project.lapsed


def test_an_automatic_project_declares_with_the_latch_and_another_one_does_not():
    by_itself, by_a_person = reached(automatic=True), reached()

    assert by_itself.declaration == Declaration(NOON, "signing", "automatic 2026-11-28", automatic=True)
    assert by_itself.recorded[-1].effective_at == NOON and by_itself.recorded[-1].automatic
    assert (event_types(by_itself), event_types(by_a_person)) == (
        ["ThresholdReached", "EffectDeclared"],
        ["ThresholdReached"],
    )


def test_effect_is_declared_only_after_the_latch():
    project = a_half()
    project.count(Counts(units=3), at=NOON)

    with pytest.raises(Refused, match=r"^threshold-not-reached$") as refusal:
        project.declare("1号", at=NOON, by="command")

    assert refusal.value.facts == {"missing": {"units": 2}} and project.declaration is None


@pytest.mark.parametrize(("minutes", "effective"), [(5, 5), (-5, 0)])
def test_effect_is_declared_at_its_instant_and_never_before_the_latch(minutes, effective):
    project = reached()

    project.declare("1号", at=NOON + timedelta(minutes=minutes), by="command")

    assert project.declaration == Declaration(NOON + timedelta(minutes=effective), "command", "1号", automatic=False)
    event = project.recorded[-1]
    assert (event.document_number, event.automatic) == ("1号", False)
    assert event.effective_at == NOON + timedelta(minutes=effective)


def test_effect_is_declared_once():
    project = reached()
    project.declare("1号", at=NOON, by="command")
    project.declare("1号", at=NOON + MOMENT, by="another")

    with pytest.raises(Refused, match=r"^effect-already-declared$") as refusal:
        project.declare("2号", at=NOON, by="command")

    assert refusal.value.facts == {"document_number": "1号"}
    assert project.declaration and project.declaration.declared_by == "command"
    assert event_types(project).count("EffectDeclared") == 1


def test_a_period_closes_only_after_its_end_and_with_a_roll():
    project = a_half()
    with pytest.raises(Refused, match=r"^period-still-open$") as refusal:
        project.close(at=ENDS - MOMENT, by="command")
    with pytest.raises(Refused, match=r"^roll-not-frozen$"):
        a_half(total=None).close(at=ENDS, by="command")

    assert refusal.value.facts == {"ends_at": ENDS} and project.closing is None and not project.lapsed


@pytest.mark.parametrize("with_threshold", [True, False])
def test_a_period_closes_once_and_says_whether_the_threshold_was_reached(with_threshold):
    project = reached() if with_threshold else a_half()

    project.close(at=ENDS, by="command")
    project.close(at=ENDS + MOMENT, by="another")

    assert project.closing and (project.closing.closed_at, project.closing.closed_by) == (ENDS, "command")
    [event] = [event for event in project.recorded if type(event).__name__ == "PeriodClosed"]
    assert (event.closed_at, event.threshold_reached) == (ENDS, with_threshold)
    assert project.lapsed == (not with_threshold)
