"""The copy of the frozen roll equals the proved roll, is not read again without need, and raises an alarm when it cannot match."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text
from structlog.testing import capture_logs

from services.signing.commands.match_roll import MatchRoll, match_roll
from services.signing.domain.threshold import Counts
from services.signing.store import places, roll
from services.signing.store.pipeline import Query
from services.signing.workers.fan_out import FanOut
from services.signing.workers.rolls import Rolls
from tests.support.signing import LAUNCH, District, a_holder


@contextmanager
def before(district: District, beginning: str, act: Callable[[], None]) -> Iterator[list[str]]:
    """Calls `act` once, before the first statement that starts with `beginning`. Yields all such statements."""
    seen: list[str] = []

    def watch(*executed: object) -> None:
        statement = " ".join(str(executed[2]).split())
        if statement.startswith(beginning):
            seen.append(statement)
            if len(seen) == 1:
                act()

    event.listen(district.engine, "before_cursor_execute", watch)
    yield seen
    event.remove(district.engine, "before_cursor_execute", watch)


def members(district: District, kind: str) -> int:
    found = district.rows("select count(*) as many from roll_parties where kind = :kind", kind=kind)
    return int(found[0].many)


def test_the_copied_roll_equals_the_proved_roll_despite_concurrent_corrections(district: District) -> None:
    units = [district.register() for _ in range(3)]
    owner = district.owners(units[0])[0]
    district.receive(district.frozen())

    def correct() -> None:
        owners = (a_holder("1/2"), a_holder("1/2"))
        district.correct(units[0], right_holders=owners, ownership="shares", area_hundredths_m2=1)

    with before(district, "insert into roll_units", correct):
        assert district.fan_out() == 1

    assert district.rows("select total_right_holders, total_area from projects")[0] == (3, 3 * 6518)
    assert members(district, "right_holder") == 3
    assert district.rows("select count(*) from roll_members where party_id = :owner", owner=owner)[0] == (1,)
    assert district.rows("select sum(area) from roll_units")[0] == (3 * 6518,)


@pytest.mark.parametrize(("rule", "people"), [("all_units_signed", 0), ("any_unit_signed", 1)])
def test_a_signing_before_the_roll_is_counted_with_the_roll(district: District, rule: str, people: int) -> None:
    district.open_project(counting_rule=rule)
    owner = a_holder()
    units = [district.register(owner), district.register(owner), district.register()]
    district.signed(units[0])
    district.freeze()

    assert district.rows("select signed_units, signed_households, signed_right_holders from projects")[0] == (
        1,
        1,
        people,
    )
    assert district.rows("select units, signed from roll_parties where party_id = :who", who=owner.person_id)[0] == (
        2,
        1,
    )


def test_a_roll_is_matched_in_the_instant_of_its_fact_by_the_one_clock(district: District) -> None:
    district.register()
    district.freeze()

    [(matched_at,)] = district.rows("select matched_at from rolls")
    assert district.rows("select happened_at from counted where fact = 'matched'") == [(matched_at,)]


def test_a_later_sale_received_before_the_freeze_changes_no_denominator(district: District) -> None:
    units = [district.register() for _ in range(3)]
    owner, frozen = district.owners(units[0])[0], district.frozen()
    sold = {"right_holders": (a_holder("1/2"), a_holder("1/2")), "ownership": "shares"}
    district.correct(units[0], **sold, after_freeze=True)  # the freeze event comes on another topic
    district.receive(frozen)

    assert district.fan_out() == 1
    assert district.rows("select total_right_holders, total_area from projects")[0] == (3, 3 * 6518)
    assert district.rows("select unit_id from roll_members where party_id = :owner", owner=owner) == [(units[0],)]
    owns = district.rows("select person_id from case_holders where unit_id = :unit order by position", unit=units[0])
    assert [person for (person,) in owns] == district.owners(units[0])


def test_the_roll_uses_the_last_revision_before_the_freeze_despite_repeats(district: District) -> None:
    unit = district.register()
    district.correct(unit, right_holders=(a_holder(),))
    before_it, owners, frozen = district.units[unit], district.owners(unit), district.frozen()
    district.correct(unit, right_holders=(a_holder(),), after_freeze=True)
    district.receive(before_it)  # an older revision again
    district.receive(frozen)

    assert district.fan_out() == 1
    assert district.rows("select party_id from roll_members where kind = 'right_holder'") == [(owners[0],)]


def test_a_roll_is_read_again_only_after_something_has_changed(district: District) -> None:
    unit = district.register()
    frozen = district.frozen()
    district.correct(unit, right_holders=(a_holder(),))  # between the freeze and its event: this digest never matches
    district.receive(frozen)
    worker = FanOut(district.engine, district.clock)

    with before(district, "select unit_id, household_id, area, roll_holders", lambda: None) as digested:
        rounds = [worker.run_once() for _ in range(3)]
        assert (rounds, len(digested)) == ([0, 0, 0], 1)
        district.correct(unit, floor=3)
        worker.run_once()
        assert len(digested) == 2


def test_computing_a_digest_holds_no_lock(district: District) -> None:
    district.register()
    district.receive(district.frozen())
    order: list[str] = []
    with (
        before(district, "select unit_id, household_id, area, roll_holders", lambda: order.append("digest")),
        before(district, "select from projects where project_id", lambda: order.append("lock")),
    ):
        FanOut(district.engine, district.clock).run_once()

    assert order == ["digest", "lock"]


@pytest.mark.parametrize("changed", [{"right_holders": (a_holder(),)}, {"area_hundredths_m2": 1}])
def test_a_roll_that_cannot_match_raises_an_alarm(district: District, changed: dict[str, object]) -> None:
    unit = district.register()
    frozen = district.frozen()
    district.correct(unit, **changed)
    district.receive(frozen)
    worker = FanOut(district.engine, district.clock, rolls=Rolls(district.engine, district.clock, patience_seconds=0))

    with capture_logs() as lines:
        for _ in range(3):
            worker.run_once()

    alarms = [line for line in lines if line["event"] == "roll unmatched"]
    assert [(line["log_level"], line["project_id"]) for line in alarms] == [("error", str(district.project_id))]
    assert REGISTRY.get_sample_value("clearwater_rolls_unmatched", {"district": district.district}) == 1

    district.receive(
        district.frozen().model_copy(update={"frozen_at": LAUNCH})
    )  # published again, with the present roll
    worker.run_once()
    worker.run_once()
    assert REGISTRY.get_sample_value("clearwater_rolls_unmatched", {"district": district.district}) == 0


@pytest.mark.parametrize("signed", [True, False])
def test_a_unit_that_is_counted_already_changes_nothing(district: District, signed: bool) -> None:
    ours, other = district.register(), district.register()
    district.freeze()
    district.signed(ours)

    with district.transaction() as tx:
        change = roll.count(tx, project_id=district.project_id, unit_id=ours if signed else other, signed=signed)

    assert change == Counts()


def test_checking_a_copied_roll_takes_less_than_copying_it(district: District) -> None:
    """The project is locked meanwhile, and the database has no statistics of what was just copied.

    A check that computes the parties' units anew for each party takes eight times as long as the copy here, and grows with the square.
    """
    for _ in range(600):
        district.register(a_holder("1/2"), a_holder("1/2"))
    district.receive(district.frozen())

    with district.transaction() as tx:
        proof = roll.prove(tx, district.project_id)
        assert proof
        began = time.monotonic()
        assert match_roll(tx, MatchRoll(district.project_id, proof), district.clock)
        copied = time.monotonic()
        tx.connection.execute(text("set constraints all immediate"))
        checked = time.monotonic()

    assert checked - copied < 3 * (copied - began)
    assert members(district, "right_holder") == 2 * 600


@pytest.mark.parametrize(
    "counting", [partial(roll.counting, signed=True), places.taking], ids=["alone", "in a signing"]
)
def test_counting_a_unit_reads_its_own_parties_and_not_the_whole_roll(
    district: District, counting: Callable[[UUID, UUID], Query]
) -> None:
    """All desks of a project wait for it, and the database has no statistics of a roll that was just copied."""
    units = [district.register(a_holder("1/2"), a_holder("1/2")) for _ in range(300)]
    district.freeze()
    statement, parameters = counting(district.project_id, units[0])

    with district.transaction() as tx:
        explained = text(f"explain (analyze, format json) {statement.text}")
        [plan] = tx.connection.execute(explained, parameters).scalar_one()
        tx.rollback()

    read = {
        (node["Relation Name"], node["Actual Rows"] * node["Actual Loops"])
        for node in nodes(plan["Plan"])
        if "Scan" in node["Node Type"] and str(node.get("Relation Name")).startswith("roll_")
    }
    assert read == {("roll_units", 1), ("roll_members", 3), ("roll_parties", 3)}


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)
