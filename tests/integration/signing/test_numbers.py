"""Many desks at once: numbers gap-free, and one order of numbers, instants and commits."""

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


def test_sixteen_desks_on_one_series_and_eight_on_another(here: District) -> None:
    desks = {"exchange": 16, "cash": 8}
    units = [(here.register(), form) for form, many in desks.items() for _ in range(many * EACH)]
    here.freeze()
    todo = [(here.ready(unit, form=form), here.owners(unit)[0]) for unit, form in units]

    with ThreadPoolExecutor(24) as threads:
        signed = list(threads.map(lambda each: here.sign(*each), todo))

    for series, many in desks.items():
        assert _numbers(signed, series) == list(range(1, many * EACH + 1))
        by_number = here.rows(
            "select number, signed_at from numbers where series = :s order by number",
            s=series,
        )
        assert all(one.signed_at < next_one.signed_at for one, next_one in pairwise(by_number))
        # Journal ids are drawn under the lock of the series, which lasts until the commit: their order is the commits'.
        journal = here.rows(
            "select convert_from(payload, 'utf8')::jsonb as payload from events where type like '%.agreement.signed.v1' order by id"
        )
        spoken = [row.payload["sequence_number"] for row in journal if row.payload["series"] == series]
        assert spoken == list(range(1, many * EACH + 1))
    count = here.rows("select signed_units from projects")[0]
    assert count.signed_units == 24 * EACH


def _numbers(signed: list[Agreement], series: str) -> list[int]:
    return sorted(each.turn.number for each in signed if each.turn and each.series == series)


def test_the_same_signature_from_many_windows_is_one_number(here: District) -> None:
    unit = here.register()
    agreement_id, owner = here.ready(unit), here.owners(unit)[0]

    with ThreadPoolExecutor(16) as threads:
        signed = list(threads.map(lambda _: here.sign(agreement_id, owner), range(16)))

    assert {each.turn.number for each in signed if each.turn} == {1}
    assert here.rows("select count(*) as many from numbers")[0].many == 1
    assert here.types(unit).count("agreement.signed") == 1


def test_a_rescinded_number_stays_detached_and_is_never_given_again(here: District) -> None:
    first, second = here.register(), here.register()
    one = here.signed(first)
    here.rescind(one)
    here.signed(second)
    again = here.signed(first)

    given = here.rows(
        "select number, agreement_id, reason from numbers left join detachments using (agreement_id) order by number"
    )
    assert [row.number for row in given] == [1, 2, 3]
    assert given[0].agreement_id == one and given[0].reason == "owner_withdrew"
    assert given[2].agreement_id == again
    assert here.types(first).count("agreement.rescinded") == 1


# The one order (architecture.md, section 3), as whoever else comes to hold one of them.
ORDER: list[Callable[[Transaction, District, Agreement], object]] = [
    lambda tx, _, agreement: cases.lock(tx, agreement.unit_id),
    lambda tx, _, agreement: agreements.load(tx, agreement.agreement_id),
    lambda tx, here, _: projects.lock(tx, here.project_id),
    lambda tx, here, _: numbers.turn(tx, here.project_id, "cash", here.clock),
]


@pytest.mark.parametrize("place", range(len(ORDER)), ids=["case", "agreement", "project", "series"])
def test_a_signing_waits_at_each_lock_and_holds_none_that_comes_after(here: District, place: int) -> None:
    here.signed(here.register())
    unit = here.register()
    agreement_id, owner = here.ready(unit), here.owners(unit)[0]
    with here.transaction() as tx:
        agreement = agreements.load(tx, agreement_id)

    with ThreadPoolExecutor(1) as desk:
        with here.transaction() as tx:
            tx.connection.execute(text("set local lock_timeout = '5s'"))
            ORDER[place](tx, here, agreement)
            signing = desk.submit(here.sign, agreement_id, owner)
            eventually(lambda: here.rows("select from pg_locks where not granted"), seconds=20)
            for later in ORDER[place + 1 :]:
                later(tx, here, agreement)
            assert not signing.done()
        assert signing.result().turn == Turn(
            2, here.rows("select last_at from series where last_number = 2")[0].last_at
        )


def test_who_waits_for_a_series_reads_the_clock_only_when_it_is_free(here: District) -> None:
    """A signing waits at its project already. That the series itself is waited for holds whoever else comes to take a number."""
    here.signed(here.register())

    def next_turn() -> Turn:
        with here.transaction() as tx:
            return numbers.turn(tx, here.project_id, "cash", here.clock)

    with ThreadPoolExecutor(1) as other:
        with here.transaction() as tx:
            numbers.turn(tx, here.project_id, "cash", here.clock)
            waiting = other.submit(next_turn)
            eventually(lambda: here.rows("select from pg_locks where not granted"))
            freed_at = here.clock.now()
        assert waiting.result().signed_at > freed_at


def test_an_instant_is_later_than_the_one_before_even_where_the_clock_stands(here: District) -> None:
    class Standing:
        def now(self) -> datetime:
            return LAUNCH

    here.signed(here.register())
    before = here.rows("select last_number, last_at from series where last_number > 0")[0]

    with here.transaction() as tx:
        turn = numbers.turn(tx, here.project_id, "cash", Standing())

    assert (turn.number, turn.signed_at) == (2, before.last_at + timedelta(microseconds=1))


@pytest.mark.parametrize("number", [1, 3])
def test_a_number_that_does_not_follow_is_refused_by_the_database(here: District, number: int) -> None:
    here.signed(here.register())
    unit = here.register()
    agreement_id = here.ready(unit)

    with pytest.raises(DBAPIError, match=r"does not follow|duplicate key"), here.transaction() as tx:
        tx.connection.execute(
            text("""insert into numbers (district, project_id, series, number, agreement_id, signed_at)
                    values (:d, :p, 'cash', :n, :a, now())"""),
            {"d": here.district, "p": here.project_id, "n": number, "a": agreement_id},
        )
