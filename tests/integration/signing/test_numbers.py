"""Concurrent desks: numbers are gap-free, and numbers, instants and commits have one order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.signing.domain.agreement import Agreement, Turn
from services.signing.store import agreements, cases, numbers, projects
from shared.service.database import Transaction
from tests.support.eventually import eventually
from tests.support.signing import LAUNCH, District

EACH = 12


def test_concurrent_desks_get_gap_free_numbers_in_each_series(district: District) -> None:
    desks = {"exchange": 16, "cash": 8}
    units = [(district.register(), form) for form, many in desks.items() for _ in range(many * EACH)]
    district.freeze()
    todo = [(district.ready(unit, form=form), district.owners(unit)[0]) for unit, form in units]

    with ThreadPoolExecutor(24) as threads:
        signed = list(threads.map(lambda item: district.sign(*item), todo))

    for series, many in desks.items():
        assert _numbers(signed, series) == list(range(1, many * EACH + 1))
        by_number = district.rows(
            "select number, signed_at from numbers where series = :s order by number",
            s=series,
        )
        assert all(one.signed_at < next_one.signed_at for one, next_one in pairwise(by_number))
        # Journal ids are drawn under the lock of the series, which lasts until the commit: their order is the commits'.
        journal = district.rows(
            "select convert_from(payload, 'utf8')::jsonb as payload from events where type like '%.agreement.signed.v1' order by id"
        )
        event_numbers = [row.payload["sequence_number"] for row in journal if row.payload["series"] == series]
        assert event_numbers == list(range(1, many * EACH + 1))
    count = district.rows("select signed_units from projects")[0]
    assert count.signed_units == 24 * EACH


def _numbers(signed: list[Agreement], series: str) -> list[int]:
    return sorted(agreement.turn.number for agreement in signed if agreement.turn and agreement.series == series)


def test_the_same_signature_from_many_windows_is_one_number(district: District) -> None:
    unit = district.register()
    agreement_id, owner = district.ready(unit), district.owners(unit)[0]

    with ThreadPoolExecutor(16) as threads:
        signed = list(threads.map(lambda _: district.sign(agreement_id, owner), range(16)))

    assert {agreement.turn.number for agreement in signed if agreement.turn} == {1}
    assert district.rows("select count(*) as many from numbers")[0].many == 1
    assert district.types(unit).count("agreement.signed") == 1


def test_a_rescinded_number_stays_detached_and_is_never_given_again(district: District) -> None:
    first, second = district.register(), district.register()
    one = district.signed(first)
    district.rescind(one)
    district.signed(second)
    again = district.signed(first)

    given = district.rows(
        "select number, agreement_id, reason from numbers left join detachments using (agreement_id) order by number"
    )
    assert [row.number for row in given] == [1, 2, 3]
    assert given[0].agreement_id == one and given[0].reason == "owner_withdrew"
    assert given[2].agreement_id == again
    assert district.types(first).count("agreement.rescinded") == 1


# The lock order (docs/architecture.md). Another session holds one of the locks.
ORDER: list[Callable[[Transaction, District, Agreement], object]] = [
    lambda tx, _, agreement: cases.lock(tx, agreement.unit_id),
    lambda tx, _, agreement: agreements.load(tx, agreement.agreement_id),
    lambda tx, district, _: projects.lock(tx, district.project_id),
    lambda tx, district, _: numbers.turn(tx, district.project_id, "cash", district.clock),
]


@pytest.mark.parametrize("place", range(len(ORDER)), ids=["case", "agreement", "project", "series"])
def test_a_signing_waits_at_each_lock_and_holds_none_that_comes_after(district: District, place: int) -> None:
    district.signed(district.register())
    unit = district.register()
    agreement_id, owner = district.ready(unit), district.owners(unit)[0]
    with district.transaction() as tx:
        agreement = agreements.load(tx, agreement_id)

    with ThreadPoolExecutor(1) as desk:
        with district.transaction() as tx:
            tx.connection.execute(text("set local lock_timeout = '5s'"))
            ORDER[place](tx, district, agreement)
            signing = desk.submit(district.sign, agreement_id, owner)
            eventually(lambda: district.rows("select from pg_locks where not granted"), seconds=20)
            for later in ORDER[place + 1 :]:
                later(tx, district, agreement)
            assert not signing.done()
        assert signing.result().turn == Turn(
            2, district.rows("select last_at from series where last_number = 2")[0].last_at
        )


def test_a_signing_reads_the_clock_after_it_has_locked_the_series(district: District) -> None:
    """A signing already waits for its project. The wait for the series matters for any other code that takes a number."""
    district.signed(district.register())

    def next_turn() -> Turn:
        with district.transaction() as tx:
            return numbers.turn(tx, district.project_id, "cash", district.clock)

    with ThreadPoolExecutor(1) as other:
        with district.transaction() as tx:
            numbers.turn(tx, district.project_id, "cash", district.clock)
            waiting = other.submit(next_turn)
            eventually(lambda: district.rows("select from pg_locks where not granted"))
            freed_at = district.clock.now()
        assert waiting.result().signed_at > freed_at


def test_instants_increase_even_when_the_clock_stands_still(district: District) -> None:
    class Standing:
        def now(self) -> datetime:
            return LAUNCH

    district.signed(district.register())
    before = district.rows("select last_number, last_at from series where last_number > 0")[0]

    with district.transaction() as tx:
        turn = numbers.turn(tx, district.project_id, "cash", Standing())

    assert (turn.number, turn.signed_at) == (2, before.last_at + timedelta(microseconds=1))


@pytest.mark.parametrize("number", [1, 3])
def test_the_database_refuses_a_number_out_of_sequence(district: District, number: int) -> None:
    district.signed(district.register())
    unit = district.register()
    agreement_id = district.ready(unit)

    with pytest.raises(DBAPIError, match=r"does not follow|duplicate key"), district.transaction() as tx:
        tx.connection.execute(
            text("""insert into numbers (district, project_id, series, number, agreement_id, signed_at)
                    values (:d, :p, 'cash', :n, :a, now())"""),
            {"d": district.district, "p": district.project_id, "n": number, "a": agreement_id},
        )
