"""A clock that steps: a little back is smoothed, a jump is refused with an alarm, and idle time is neither."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from shared.refusal import Refused
from shared.service import clock as clocks
from tests.integration.signing.conftest import Desk
from tests.support.signing import LAUNCH, District, a_holder

HALVES = ("1/3", "1/6", "1/2")


def jumps(direction: str) -> float:
    return REGISTRY.get_sample_value("clearwater_clock_jumped_total", {"direction": direction}) or 0.0


def instants(district: District, agreement_id: object) -> list[datetime]:
    rows = district.rows("select signed_at from signatures where agreement_id = :a order by signed_at", a=agreement_id)
    return [row.signed_at for row in rows]


@pytest.mark.parametrize("back", [timedelta(microseconds=1), timedelta(seconds=2), timedelta(seconds=58)])
def test_a_small_clock_step_back_between_two_signatures_is_smoothed(district: District, back: timedelta) -> None:
    owners = [a_holder(share) for share in HALVES]
    agreement_id = district.ready(district.register(*owners))
    neighbour = district.ready(district.register())
    district.clock.set(LAUNCH + timedelta(hours=1))

    district.sign(agreement_id, owners[0].person_id)
    district.clock.jump(-back)
    district.sign(agreement_id, owners[1].person_id)
    signed = district.sign(agreement_id, owners[2].person_id)
    district.sign(neighbour, district.owners(list(district.units)[1])[0])

    given = instants(district, agreement_id)
    assert all(one < after for one, after in pairwise(given)) and signed.turn and signed.turn.signed_at == given[-1]
    numbers = district.rows("select number, signed_at from numbers order by number")
    assert [row.number for row in numbers] == [1, 2] and numbers[0].signed_at < numbers[1].signed_at


@pytest.mark.parametrize("act", ["first hand", "last hand", "unlock"])
@pytest.mark.parametrize("by", [timedelta(minutes=2), timedelta(days=400), -timedelta(minutes=2), -timedelta(days=1)])
@pytest.mark.logs_error("clock jumped")
def test_a_clock_jump_is_refused_with_an_alarm_and_stores_nothing(district: District, by: timedelta, act: str) -> None:
    owners = [a_holder("1/2"), a_holder("1/2")]
    agreement_id = district.ready(district.register(*owners))
    district.sign(agreement_id, owners[0].person_id)
    direction = "forward" if by > timedelta() else "back"
    before = jumps(direction)
    if act == "first hand":
        owners.append(a_holder())
        agreement_id = district.ready(district.register(owners[2]))

    def carry_out() -> None:
        if act == "unlock":
            district.unlock(agreement_id)
        else:
            district.sign(agreement_id, owners[-1].person_id)

    district.clock.jump(by)
    with pytest.raises(Refused, match=r"^clock-jumped$") as refusal:
        carry_out()
    district.clock.jump(-by)
    carry_out()

    assert refusal.value.facts["direction"] == direction
    assert jumps(direction) == before + 1
    [moved] = district.rows("select moved_at from agreements where agreement_id = :a", a=agreement_id)
    assert abs(moved.moved_at - district.clock.now()) < timedelta(seconds=30)


@pytest.mark.logs_error("clock jumped")
def test_a_clock_behind_the_last_stored_instant_is_refused(district: District) -> None:
    """The clock of a second machine that was wrong from its start."""
    owners = [a_holder("1/2"), a_holder("1/2")]
    agreement_id = district.ready(district.register(*owners))
    district.sign(agreement_id, owners[0].person_id)
    district.clock.set(district.clock.now() - timedelta(minutes=5))

    with pytest.raises(Refused, match=r"^clock-jumped$"):
        district.sign(agreement_id, owners[1].person_id)
    with pytest.raises(Refused, match=r"^clock-jumped$"):
        district.unlock(agreement_id)


@pytest.mark.logs_error("clock jumped")
def test_a_machine_whose_clock_is_not_the_databases_is_refused(district: District) -> None:
    class OfAnotherMachine(clocks.RealClock):
        def now(self) -> datetime:
            return super().now() + timedelta(minutes=3)

        def real(self) -> datetime:
            return self.now()

    district.open_project(starts_at=datetime.now(UTC) - timedelta(days=1))
    district.clock = clocks.RealClock()  # type: ignore[assignment]
    unit = district.register()
    agreement_id = district.ready(unit)
    district.clock = OfAnotherMachine()  # type: ignore[assignment]

    with pytest.raises(Refused, match=r"^clock-jumped$"):
        district.sign(agreement_id, district.owners(unit)[0])
    district.clock = clocks.RealClock()  # type: ignore[assignment]
    assert district.sign(agreement_id, district.owners(unit)[0]).turn


def test_a_project_without_events_for_days_accepts_a_signature(district: District) -> None:
    first, second = district.register(), district.register()
    district.signed(first)
    agreement_id = district.ready(second)
    district.clock.set(LAUNCH + timedelta(days=13))

    assert district.sign(agreement_id, district.owners(second)[0]).turn


@pytest.mark.logs_error("clock jumped")
def test_a_desk_gets_a_clock_refusal_and_may_repeat_the_same_key_later(desk: Desk, district: District) -> None:
    unit = district.register()
    agreement_id, owner = district.ready(unit), district.owners(unit)[0]
    clock = desk.app.extensions["clearwater"].clock
    body = {"right_holder": str(owner), "hand": str(owner), "capacity": "self"}

    clock.jump(timedelta(minutes=61))
    refused = desk.post(f"/agreements/{agreement_id}/signatures", body, key="one")
    clock.jump(-timedelta(minutes=61))
    signed = desk.post(f"/agreements/{agreement_id}/signatures", body, key="one")

    assert (refused.status_code, refused.json["code"]) == (503, "clock-jumped")
    assert refused.json["facts"] == {"direction": "forward", "seconds": 3660}
    assert (signed.status_code, signed.json["sequence_number"]) == (201, 1)


def test_a_mandate_is_later_than_the_last_review_while_the_clock_is_behind(district: District) -> None:
    unit = district.register()
    district.ready(unit)
    district.clock.jump(-timedelta(seconds=58))
    district.mandate(unit, district.owners(unit)[0], UUID(int=2), "agent", date(2026, 11, 28))

    [(recorded, reviewed)] = district.rows(
        "select recorded_at, (select max(at) from acts where kind = 'reviewed') from mandates"
    )
    assert recorded == reviewed + timedelta(microseconds=1)
