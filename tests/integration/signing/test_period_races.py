"""The end of a period and signatures under way: none lands after the closing, and only completing ones queue at the project."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from services.signing.commands.decide_project import ClosePeriod, close_period
from services.signing.commands.sign_agreement import SignAgreement, sign_agreement
from shared.refusal import Refused
from shared.service.database import Transaction
from tests.support.eventually import eventually
from tests.support.signing import DESK, LAUNCH, District, a_holder

END = LAUNCH + timedelta(days=15)


def of_two(district: District) -> tuple[UUID, list[UUID]]:
    """A locked agreement that the first signature does not complete, and its right-holders."""
    owners = [a_holder("1/2"), a_holder("1/2")]
    return district.ready(district.register(*owners)), [owner.person_id for owner in owners]


def sign(district: District, tx: Transaction, agreement_id: UUID, owner: UUID) -> None:
    sign_agreement(tx, SignAgreement(agreement_id, owner, owner, "self", DESK), district.clock)


def close(district: District) -> None:
    with district.transaction() as tx:
        close_period(tx, ClosePeriod(district.project_id, DESK), district.clock)


def somebody_waits(district: District) -> None:
    eventually(lambda: district.rows("select from pg_locks where not granted"), seconds=20)


@pytest.mark.parametrize("signatures", [1, 2], ids=["the first of two", "both"])
def test_the_closing_waits_for_a_signature_under_way(district: District, signatures: int) -> None:
    agreement_id, owners = of_two(district)
    district.register()
    district.freeze()
    for owner in owners[: signatures - 1]:
        district.sign(agreement_id, owner)

    with ThreadPoolExecutor(1) as post:
        with district.transaction() as tx:
            sign(district, tx, agreement_id, owners[signatures - 1])
            district.clock.set(END)
            closing = post.submit(close, district)
            somebody_waits(district)
            assert not closing.done()
        closing.result()

    [closed] = district.rows("select closed_at from closings")
    signed = district.rows("select signed_at from signatures")
    assert len(signed) == signatures and all(row.signed_at < closed.closed_at for row in signed)


@pytest.mark.parametrize("signatures", [1, 2], ids=["the first of two", "the last"])
def test_a_signature_waits_for_a_closing_under_way_and_is_refused(district: District, signatures: int) -> None:
    agreement_id, owners = of_two(district)
    district.register()
    district.freeze()
    for owner in owners[: signatures - 1]:
        district.sign(agreement_id, owner)
    district.clock.set(END)

    with ThreadPoolExecutor(1) as desk:
        with district.transaction() as tx:
            close_period(tx, ClosePeriod(district.project_id, DESK), district.clock)
            district.clock.set(END - timedelta(seconds=30))  # a machine whose clock is a little behind
            signing = desk.submit(district.sign, agreement_id, owners[signatures - 1])
            somebody_waits(district)
            assert not signing.done()
        with pytest.raises(Refused, match=r"^period-over$"):
            signing.result()
    assert len(district.rows("select from signatures")) == signatures - 1


def test_a_signature_that_completes_nothing_waits_for_no_other_signature(district: District) -> None:
    completing, (first, last) = of_two(district)
    other, (of_other, _) = of_two(district)
    district.sign(completing, first)

    with district.transaction() as tx:
        sign(district, tx, completing, last)  # holds the project and the series
        district.sign(other, of_other)
        assert len(district.rows("select from signatures")) == 2  # the one under way is not committed

    assert len(district.rows("select from signatures")) == 3
    assert [row.number for row in district.rows("select number from numbers")] == [1]


def test_an_error_of_a_write_that_was_not_awaited_is_raised_and_undoes_everything(district: District) -> None:
    agreement_id, (first, last) = of_two(district)
    district.sign(agreement_id, first)
    before = district.rows("select last_number from series")

    def sign_and_break_a_rule() -> None:
        with district.transaction() as tx:
            sign(district, tx, agreement_id, last)
            tx.connection.exec_driver_sql(
                "insert into numbers (district, project_id, series, number, agreement_id, signed_at) "
                "select district, project_id, series, 9, agreement_id, now() from agreements"
            )

    with pytest.raises(DBAPIError, match="does not follow"):
        sign_and_break_a_rule()

    assert district.rows("select last_number from series") == before
    assert len(district.rows("select from signatures")) == 1
    assert district.sign(agreement_id, last).turn
