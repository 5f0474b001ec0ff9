"""Are rights confirmed for one revision of the registry's data, and disputed when that changes?"""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.signing.domain.case import CHANGED_AFTER_SIGNING, REGISTRATION_CHANGED, Case, Unit
from shared.refusal import Refused
from tests.unit.signing.builders import NOON, a_holder, rights_of

UNIT = Unit(uuid4(), uuid4(), 3, "440303-1", "和丰苑", "4栋", "1单元", 2, "203", 6_518, uuid4())
RIGHTS, OTHER_RIGHTS = rights_of(a_holder()), rights_of(a_holder())


def a_case(state: str = "pending") -> Case:
    case = Case.open(UNIT, RIGHTS, at=NOON)
    case.rights_state = state
    case.recorded.clear()
    return case


def event_types(case: Case) -> list[str]:
    return [type(event).__name__ for event in case.recorded]


def test_a_case_opens_pending_at_the_registrys_revision():
    case = Case.open(UNIT, RIGHTS, at=NOON)

    assert (case.rights_state, case.rights_revision, event_types(case)) == ("pending", 3, ["CaseOpened"])
    assert (case.area_disputed, case.version) == (False, 0)


@pytest.mark.parametrize(("state", "events"), [("pending", 1), ("disputed", 1), ("reviewing", 0)])
def test_rights_are_taken_up_once_also_after_a_dispute(state, events):
    case = a_case(state)

    case.take_up(at=NOON)

    assert (case.rights_state, event_types(case)) == ("reviewing", ["RightsReviewing"] * events)


def test_confirmed_rights_are_not_taken_up_again():
    with pytest.raises(Refused, match=r"^rights-already-confirmed$"):
        a_case("confirmed").take_up(at=NOON)


@pytest.mark.parametrize("read", [None, 3, 4])
def test_rights_are_confirmed_once_for_the_revision_that_was_read(read):
    case = a_case("reviewing")

    case.confirm(at=NOON, read=read)
    case.confirm(at=NOON, read=read)

    [event] = case.recorded
    assert (event.revision, event.ownership, event.confirmed_at) == (3, "sole", NOON)
    assert [(holder.person_id, holder.share) for holder in event.right_holders] == [(RIGHTS.holders[0].person_id, "1")]


def test_joint_owners_are_confirmed_without_shares():
    owners = [a_holder(None), a_holder(None)]
    case = Case.open(UNIT, rights_of(*owners, ownership="joint"), at=NOON)

    case.confirm(at=NOON)

    event = case.recorded[-1]
    assert [(holder.person_id, holder.share) for holder in event.right_holders] == [
        (it.person_id, None) for it in owners
    ]


@pytest.mark.parametrize("state", ["reviewing", "confirmed"])
def test_rights_that_changed_since_they_were_read_are_not_confirmed(state):
    with pytest.raises(Refused, match=r"^rights-changed-since-read$") as refusal:
        a_case(state).confirm(at=NOON, read=2)

    assert refusal.value.facts == {"revision": 3}


def test_shares_that_are_not_whole_are_not_confirmed():
    case = Case.open(UNIT, rights_of(a_holder("1/2"), a_holder("1/3")), at=NOON)

    with pytest.raises(Refused, match=r"^shares-incomplete$"):
        case.confirm(at=NOON)

    assert case.rights_state == "pending"


def test_a_dispute_is_recorded_once():
    case = a_case("reviewing")

    for _ in range(2):
        case.dispute(reason="family", at=NOON)

    assert (case.rights_state, event_types(case)) == ("disputed", ["RightsDisputed"])


@pytest.mark.parametrize("revision", [2, 3])
def test_data_that_are_not_newer_change_nothing(revision):
    case = a_case("confirmed")

    assert not case.apply_registration(replace(UNIT, revision=revision), OTHER_RIGHTS, signed=True, at=NOON)
    assert (case.unit, case.rights, case.rights_state, case.tasks) == (UNIT, RIGHTS, "confirmed", [])


def test_newer_data_of_the_same_rights_leave_them_confirmed():
    case, newer = a_case("confirmed"), replace(UNIT, revision=4, door="204")

    assert case.apply_registration(newer, RIGHTS, signed=True, at=NOON)

    assert (case.unit, case.rights_state, case.rights_revision, case.tasks) == (newer, "confirmed", 3, [])


@pytest.mark.parametrize("signed", [True, False])
def test_changed_rights_are_disputed_and_raise_a_task_where_the_unit_is_signed(signed):
    case = a_case("confirmed")

    assert case.apply_registration(replace(UNIT, revision=4), OTHER_RIGHTS, signed=signed, at=NOON)

    assert (case.rights, case.rights_state, case.rights_revision) == (OTHER_RIGHTS, "disputed", 4)
    assert [event.reason for event in case.recorded] == [REGISTRATION_CHANGED]
    assert case.tasks == ([CHANGED_AFTER_SIGNING] if signed else [])


@pytest.mark.parametrize("state", ["pending", "reviewing"])
def test_changed_rights_that_nobody_confirmed_are_no_dispute(state):
    case = a_case(state)

    assert case.apply_registration(replace(UNIT, revision=4), OTHER_RIGHTS, signed=True, at=NOON)

    assert (case.rights_state, case.rights_revision, case.recorded, case.tasks) == (state, 4, [], [])


@pytest.mark.parametrize(
    ("state", "code"),
    [("pending", "rights-not-confirmed"), ("reviewing", "rights-not-confirmed"), ("disputed", "rights-disputed")],
)
def test_only_confirmed_rights_pass(state, code):
    a_case("confirmed").expect_confirmed()
    with pytest.raises(Refused, match=code):
        a_case(state).expect_confirmed()
