"""How often a signature asks the database, counted on the wire: what slows down a whole series must not creep back."""

from sqlalchemy import Engine

from tests.integration.signing.conftest import Desk
from tests.integration.signing.test_http import self_signature
from tests.support.signing import District, a_holder
from tests.support.wire import Wire, traced

PROJECT_LOCKED, SERIES_LOCKED = "for no key update", "from series where project_id = $1 and series = $2 for update"


def engine_of(desk: Desk) -> Engine:
    engine: Engine = desk.app.extensions["clearwater"].engine
    return engine


def signed(desk: Desk, district: District, agreement_id: object, owner: object) -> Wire:
    assert desk.page("/").status_code == 200  # the process notes who a login is once, before its first act
    with traced(engine_of(desk)) as wire:
        answer = desk.post(f"/agreements/{agreement_id}/signatures", self_signature(owner))  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    return wire


def test_a_signature_that_completes_its_agreement_holds_the_exclusive_locks_for_two_round_trips(
    desk: Desk, district: District
) -> None:
    district.signed(district.register())  # opens the series
    unit = district.register()
    district.register()
    district.freeze()
    agreement_id = district.ready(unit)

    wire = signed(desk, district, agreement_id, district.owners(unit)[0])

    locked, committed = wire.trip_of(PROJECT_LOCKED), wire.trip_of("COMMIT")
    assert wire.trip_of(SERIES_LOCKED) == locked
    assert committed - locked == 1, wire.trips[locked:]
    assert committed == len(wire.trips) - 1
    # Begin and binding; the claim of the key; the case with its agreement; the two under the locks.
    assert len(wire.trips) == 5, wire.trips
    assert len(wire.statements) <= 13, wire.statements
    assert len([*wire.trips[locked], *wire.trips[committed]]) <= 7, wire.trips[locked:]


def test_a_signature_that_does_not_complete_takes_no_exclusive_lock_of_the_project(
    desk: Desk, district: District
) -> None:
    owners = [a_holder("1/2"), a_holder("1/2")]
    agreement_id = district.ready(district.register(*owners))

    wire = signed(desk, district, agreement_id, owners[0].person_id)

    assert wire.trip_of("for key share") == len(wire.trips) - 2
    assert not [statement for statement in wire.statements if PROJECT_LOCKED in statement or SERIES_LOCKED in statement]
    assert len(wire.trips) == 5, wire.trips


def test_a_signature_after_the_threshold_writes_the_latch_no_second_time(desk: Desk, district: District) -> None:
    district.open_project(("units", 50))
    first, second = district.register(), district.register()
    district.freeze()
    district.signed(first)
    agreement_id = district.ready(second)

    wire = signed(desk, district, agreement_id, district.owners(second)[0])

    assert district.rows("select count(*) as many from latches")[0].many == 1
    assert not [statement for statement in wire.statements if "into latches" in statement]
