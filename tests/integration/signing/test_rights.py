"""Changes of rights, hands without authority, and locks that open during a signing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.signing.commands.keep_mandates import RevokeMandate, revoke_mandate
from services.signing.commands.settle_rights import (
    ConfirmRights,
    DisputeRights,
    SetAreaDispute,
    confirm_rights,
    dispute_rights,
    set_area_dispute,
)
from shared.events.day import business_day
from shared.refusal import Refused
from tests.support.signing import DESK, PAPERS, District, a_holder


def confirm(district: District, unit: object) -> None:
    with district.transaction() as tx:
        confirm_rights(tx, ConfirmRights(unit, DESK), district.clock)  # type: ignore[arg-type]


def test_a_holder_added_after_the_lock_blocks_signing_until_it_is_locked_anew(district: District) -> None:
    first, second = a_holder("1/2"), a_holder("1/2")
    unit = district.register(first, second)
    agreement_id = district.ready(unit)
    district.sign(agreement_id, first.person_id)
    thirds = [first.model_copy(update={"share": "1/3"}), second.model_copy(update={"share": "1/3"}), a_holder("1/3")]
    district.correct(unit, right_holders=tuple(thirds))

    with pytest.raises(Refused, match=r"^rights-disputed$"):
        district.sign(agreement_id, second.person_id)
    confirm(district, unit)
    with pytest.raises(Refused, match=r"^rights-changed-since-lock$"):
        district.sign(agreement_id, second.person_id)
    district.unlock(agreement_id)
    district.review(agreement_id)
    district.lock(agreement_id)
    for holder in thirds:
        signed = district.sign(agreement_id, holder.person_id)

    assert signed.turn and signed.turn.number == 1
    assert district.types(unit).count("rights.disputed") == 1
    # Signatures on the first paper stay stored and no longer count.
    assert [
        row.many for row in district.rows("select count(*) as many from signatures group by lock_count order by 1")
    ] == [1, 3]


def test_a_signed_case_stays_signed_and_raises_a_task_when_rights_change(district: District) -> None:
    unit = district.register()
    district.signed(unit)
    district.correct(unit, right_holders=(a_holder(),))

    assert district.types(unit)[-1] == "rights.disputed"
    assert district.rows("select state from agreements")[0].state == "signed"
    assert [row.code for row in district.rows("select code from tasks")] == ["rights-changed-after-signing"]


def test_a_correction_that_changes_no_right_disputes_nothing(district: District) -> None:
    unit = district.register()
    agreement_id = district.ready(unit)
    district.correct(unit, floor=3)
    district.sign(agreement_id, district.owners(unit)[0])

    assert "rights.disputed" not in district.types(unit)


def test_an_older_revision_is_ignored(district: District) -> None:
    unit = district.register()
    first = district.units[unit]
    district.correct(unit, floor=9)
    district.receive(first)

    assert district.rows("select floor, revision from cases") == [(9, 2)]
    assert district.types(unit) == ["case.opened"]


def test_two_revisions_in_one_poll_are_taken_in_turn(district: District) -> None:
    unit = district.register()
    known = district.units[unit]
    district.receive(*(known.model_copy(update={"revision": number, "floor": number}) for number in (2, 3)))

    assert district.rows("select floor, revision from cases") == [(3, 3)]


def test_a_disputed_right_and_a_disputed_area_each_block_in_their_place(district: District) -> None:
    unit = district.register()
    agreement_id = district.ready(unit)
    with district.transaction() as tx:
        dispute_rights(tx, DisputeRights(unit, "inheritance", DESK), district.clock)
    with pytest.raises(Refused, match=r"^rights-disputed$"):
        district.sign(agreement_id, district.owners(unit)[0])
    confirm(district, unit)
    district.unlock(agreement_id)
    with district.transaction() as tx:
        set_area_dispute(tx, SetAreaDispute(unit, True, "balcony", DESK), district.clock)

    with pytest.raises(Refused, match=r"^review-incomplete$") as refusal:
        district.review(agreement_id)
    assert list(refusal.value.facts["failed"]) == ["no-area-dispute"]  # type: ignore[call-overload]


def test_nobody_signs_for_a_child_without_a_guardian(district: District) -> None:
    child, guardian = a_holder(capable=False), uuid4()
    unit = district.register(child)
    agreement_id = district.ready(unit)

    with pytest.raises(Refused, match=r"^guardian-required$"):
        district.sign(agreement_id, child.person_id)
    with pytest.raises(Refused, match=r"^hand-not-entitled$"):
        district.sign(agreement_id, child.person_id, hand=guardian, capacity="guardian")
    district.mandate(unit, child.person_id, guardian, "guardian", date(2027, 1, 1))
    assert district.sign(agreement_id, child.person_id, hand=guardian, capacity="guardian", papers=PAPERS).turn


def test_an_agent_whose_paper_ended_yesterday_may_not_sign(district: District) -> None:
    owner, agent = a_holder(), uuid4()
    unit = district.register(owner)
    agreement_id = district.ready(unit)
    today = business_day(district.clock.now())
    district.mandate(unit, owner.person_id, agent, "agent", today - timedelta(days=1))

    with pytest.raises(Refused, match=r"^mandate-expired$"):
        district.sign(agreement_id, owner.person_id, hand=agent, capacity="agent")
    district.mandate(unit, owner.person_id, agent, "agent", today)
    assert district.sign(agreement_id, owner.person_id, hand=agent, capacity="agent", papers=PAPERS).turn


def test_locks_opened_and_shut_while_desks_sign_leave_one_whole_signing(district: District) -> None:
    owners = [a_holder("1/3") for _ in range(3)]
    unit = district.register(*owners)
    agreement_id = district.ready(unit)

    def attempt(number: int) -> None:
        try:
            if number % 4 == 3:
                district.unlock(agreement_id)
                district.review(agreement_id)
                district.lock(agreement_id)
            else:
                district.sign(agreement_id, owners[number % 4].person_id)
        except Refused:
            return

    with ThreadPoolExecutor(8) as desks:
        list(desks.map(attempt, range(24)))
    if district.rows("select state from agreements")[0].state != "signed":
        district.review(agreement_id) if district.rows("select state from agreements")[0].state == "drafted" else None
        district.lock(agreement_id)
        for owner in owners:
            district.sign(agreement_id, owner.person_id)

    assert district.rows("select state, number from agreements join numbers using (agreement_id)") == [("signed", 1)]
    last = district.rows("select max(lock_count) as last from signatures")[0].last
    assert district.rows("select count(*) as many from signatures where lock_count = :last", last=last)[0].many == 3
    assert district.types(unit).count("agreement.signed") == 1


def test_a_mandate_revoked_after_the_lock_cannot_sign_and_is_revoked_once(district: District) -> None:
    owner, agent = a_holder(), uuid4()
    unit = district.register(owner)
    agreement_id = district.ready(unit)
    paper = district.mandate(unit, owner.person_id, agent, "agent", business_day(district.clock.now()))
    instants = set()
    for reason in ("withdrawn", "again"):
        with district.transaction() as tx:
            revoke_mandate(tx, RevokeMandate(unit, paper, reason, DESK), district.clock)
        instants |= {row.revoked_at for row in district.rows("select revoked_at from mandates")}

    assert len(instants) == 1
    with pytest.raises(Refused, match=r"^hand-not-entitled$"):
        district.sign(agreement_id, owner.person_id, hand=agent, capacity="agent")
