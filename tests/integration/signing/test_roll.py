"""The copy of the frozen roll: made of what was proved, not read again for nothing, and told when it cannot be made."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event
from structlog.testing import capture_logs

from services.signing.domain.threshold import Counts
from services.signing.store import roll
from services.signing.workers.fan_out import FanOut
from services.signing.workers.rolls import Rolls
from tests.support.signing import LAUNCH, District, a_holder


@contextmanager
def before(here: District, beginning: str, act: Callable[[], None]) -> Iterator[list[str]]:
    """`act` once, right before the first statement that begins like this; yields all such statements."""
    seen: list[str] = []

    def watch(*executed: object) -> None:
        statement = " ".join(str(executed[2]).split())
        if statement.startswith(beginning):
            seen.append(statement)
            if len(seen) == 1:
                act()

    event.listen(here.engine, "before_cursor_execute", watch)
    yield seen
    event.remove(here.engine, "before_cursor_execute", watch)


def members(here: District, kind: str) -> int:
    found = here.rows("select count(*) as many from roll_parties where kind = :kind", kind=kind)
    return int(found[0].many)


def test_what_is_copied_is_what_was_proved_whoever_is_corrected_meanwhile(here: District) -> None:
    units = [here.register() for _ in range(3)]
    owner = here.owners(units[0])[0]
    here.hear(here.frozen())

    def correct() -> None:
        owners = (a_holder("1/2"), a_holder("1/2"))
        here.correct(units[0], right_holders=owners, ownership="shares", area_hundredths_m2=1)

    with before(here, "insert into roll_units", correct):
        assert here.fan_out() == 1

    assert here.rows("select total_right_holders, total_area from projects")[0] == (3, 3 * 6518)
    assert members(here, "right_holder") == 3
    assert here.rows("select count(*) from roll_members where party_id = :owner", owner=owner)[0] == (1,)
    assert here.rows("select sum(area) from roll_units")[0] == (3 * 6518,)


@pytest.mark.parametrize(("rule", "people"), [("all_units_signed", 0), ("any_unit_signed", 1)])
def test_who_signed_before_the_roll_came_is_counted_with_it(here: District, rule: str, people: int) -> None:
    here.open_project(counting_rule=rule)
    owner = a_holder()
    units = [here.register(owner), here.register(owner), here.register()]
    here.signed(units[0])
    here.freeze()

    assert here.rows("select signed_units, signed_households, signed_right_holders from projects")[0] == (1, 1, people)
    assert here.rows("select units, signed from roll_parties where party_id = :who", who=owner.person_id)[0] == (2, 1)


def test_a_roll_is_matched_in_the_instant_of_its_fact_by_the_one_clock(here: District) -> None:
    here.register()
    here.freeze()

    [(matched_at,)] = here.rows("select matched_at from rolls")
    assert here.rows("select happened_at from counted where fact = 'matched'") == [(matched_at,)]


def test_a_sale_after_the_freezing_that_is_heard_before_it_moves_no_denominator(here: District) -> None:
    units = [here.register() for _ in range(3)]
    owner, frozen = here.owners(units[0])[0], here.frozen()
    sold = {"right_holders": (a_holder("1/2"), a_holder("1/2")), "ownership": "shares"}
    here.correct(units[0], **sold, after_freeze=True)  # the news of the freezing comes on a topic of its own
    here.hear(frozen)

    assert here.fan_out() == 1
    assert here.rows("select total_right_holders, total_area from projects")[0] == (3, 3 * 6518)
    assert here.rows("select unit_id from roll_members where party_id = :owner", owner=owner) == [(units[0],)]
    owns = here.rows("select person_id from case_holders where unit_id = :unit order by position", unit=units[0])
    assert [person for (person,) in owns] == here.owners(units[0])


def test_the_last_word_before_the_freezing_is_the_rolls_whatever_comes_again(here: District) -> None:
    unit = here.register()
    here.correct(unit, right_holders=(a_holder(),))
    before_it, owners, frozen = here.units[unit], here.owners(unit), here.frozen()
    here.correct(unit, right_holders=(a_holder(),), after_freeze=True)
    here.hear(before_it)  # an older revision again
    here.hear(frozen)

    assert here.fan_out() == 1
    assert here.rows("select party_id from roll_members where kind = 'right_holder'") == [(owners[0],)]


def test_a_roll_is_read_again_only_after_something_has_changed(here: District) -> None:
    unit = here.register()
    frozen = here.frozen()
    here.correct(unit, right_holders=(a_holder(),))  # between the freezing and its news: this digest never fits
    here.hear(frozen)
    worker = FanOut(here.engine, here.clock)

    with before(here, "select unit_id, household_id, area, roll_holders", lambda: None) as digested:
        rounds = [worker.run_once() for _ in range(3)]
        assert (rounds, len(digested)) == ([0, 0, 0], 1)
        here.correct(unit, floor=3)
        worker.run_once()
        assert len(digested) == 2


def test_nobody_waits_for_a_digest(here: District) -> None:
    here.register()
    here.hear(here.frozen())
    order: list[str] = []
    with (
        before(here, "select unit_id, household_id, area, roll_holders", lambda: order.append("digest")),
        before(here, "select from projects where project_id", lambda: order.append("lock")),
    ):
        FanOut(here.engine, here.clock).run_once()

    assert order == ["digest", "lock"]


@pytest.mark.parametrize("changed", [{"right_holders": (a_holder(),)}, {"area_hundredths_m2": 1}])
def test_a_roll_that_nothing_can_match_any_more_is_told(here: District, changed: dict[str, object]) -> None:
    unit = here.register()
    frozen = here.frozen()
    here.correct(unit, **changed)
    here.hear(frozen)
    worker = FanOut(here.engine, here.clock, rolls=Rolls(here.engine, here.clock, patience_seconds=0))

    with capture_logs() as lines:
        for _ in range(3):
            worker.run_once()

    told = [line for line in lines if line["event"] == "roll unmatched"]
    assert [(line["log_level"], line["project_id"]) for line in told] == [("error", str(here.project_id))]
    assert REGISTRY.get_sample_value("clearwater_rolls_unmatched", {"district": here.district}) == 1

    here.hear(here.frozen().model_copy(update={"frozen_at": LAUNCH}))  # announced anew, as it is now
    worker.run_once()
    worker.run_once()
    assert REGISTRY.get_sample_value("clearwater_rolls_unmatched", {"district": here.district}) == 0


@pytest.mark.parametrize("signed", [True, False])
def test_a_unit_that_is_counted_already_changes_nothing(here: District, signed: bool) -> None:
    ours, other = here.register(), here.register()
    here.freeze()
    here.signed(ours)

    with here.transaction() as tx:
        change = roll.count(tx, project_id=here.project_id, unit_id=ours if signed else other, signed=signed)

    assert change == Counts()
