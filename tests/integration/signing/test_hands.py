"""Who may sign for another person, with which paper, and who recorded the signature."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.signing.domain.rights import Rights
from services.signing.store import cases
from shared.events.registry import RightHolder
from shared.refusal import Refused
from tests.integration.signing.conftest import Desk
from tests.support.signing import District, a_holder

UNTIL = date(2027, 1, 1)
POWER = frozenset({"power_of_attorney"})

# Who the hand is, as the register has it in another unit, and what it would sign as.
UNFIT = {
    "a minor": (a_holder(capable=False), "agent"),
    "a company": (a_holder(kind="organisation"), "agent"),
    "a minor as guardian": (a_holder(capable=False), "guardian"),
    "a company as representative": (a_holder(kind="organisation"), "representative"),
}
OWNER_OF = {
    "agent": a_holder("1/2"),
    "guardian": a_holder("1/2", capable=False),
    "representative": a_holder("1/2", kind="organisation"),
}


@pytest.mark.parametrize("who", UNFIT)
@pytest.mark.parametrize("beside", [True, False], ids=["co-owner", "owner elsewhere"])
def test_a_registered_hand_that_is_not_capable_is_given_no_mandate(district: District, who: str, beside: bool) -> None:
    hand, kind = UNFIT[who]
    owner = OWNER_OF[kind]
    other = hand.model_copy(update={"share": "1/2"}) if beside else a_holder("1/2")
    unit = district.register(owner, other)
    if not beside:
        district.register(hand)

    with pytest.raises(Refused, match=r"^hand-not-capable$"):
        district.mandate(unit, owner.person_id, hand.person_id, kind, UNTIL)


@pytest.mark.parametrize("owner", [*OWNER_OF.values(), a_holder("1/2", kind="organisation", capable=False)])
@pytest.mark.parametrize("kind", ["agent", "guardian", "representative"])
def test_nobody_receives_a_mandate_for_themselves(district: District, owner: RightHolder, kind: str) -> None:
    unit = district.register(owner, a_holder("1/2"))

    with pytest.raises(Refused, match=r"hand-not-another|guardian-required|representative-required|hand-not-entitled"):
        district.mandate(unit, owner.person_id, owner.person_id, kind, UNTIL)
    assert district.rows("select from mandates") == []


def test_a_hand_that_the_register_calls_incapable_after_its_mandate_signs_no_more(district: District) -> None:
    owner, agent = a_holder(), a_holder()
    unit = district.register(owner)
    district.mandate(unit, owner.person_id, agent.person_id, "agent", UNTIL)
    agreement_id = district.ready(unit)
    home = district.register(agent)
    district.correct(home, right_holders=(agent.model_copy(update={"capable": False}),))

    with pytest.raises(Refused, match=r"^hand-not-capable$"):
        district.sign(agreement_id, owner.person_id, hand=agent.person_id, capacity="agent")
    district.correct(home, right_holders=(agent,))
    assert district.sign(agreement_id, owner.person_id, hand=agent.person_id, capacity="agent").turn


def test_nobody_signs_for_themselves_whom_another_unit_calls_incapable(district: District) -> None:
    owner = a_holder()
    agreement_id = district.ready(district.register(owner))
    elsewhere = district.register(owner.model_copy(update={"capable": False}))

    with pytest.raises(Refused, match=r"^hand-not-capable$"):
        district.sign(agreement_id, owner.person_id)
    district.correct(elsewhere, right_holders=(owner,))
    assert district.sign(agreement_id, owner.person_id).turn


def test_a_capable_neighbour_signs_as_guardian(district: District) -> None:
    child, parent = a_holder(capable=False), a_holder()
    unit = district.register(child)
    district.register(parent)
    district.mandate(unit, child.person_id, parent.person_id, "guardian", UNTIL)

    assert district.sign(district.ready(unit), child.person_id, hand=parent.person_id, capacity="guardian").turn


@pytest.mark.parametrize("reviewed_with_another", [True, False])
def test_a_mandate_that_is_recorded_after_the_lock_brings_its_paper(
    district: District, reviewed_with_another: bool
) -> None:
    """Also when the review has seen a paper of another mandate of the same kind."""
    owners, late = [a_holder("1/2"), a_holder("1/2")], uuid4()
    unit = district.register(*owners)
    if reviewed_with_another:
        district.mandate(unit, owners[1].person_id, uuid4(), "agent", UNTIL)
    agreement_id = district.ready(unit)
    district.mandate(unit, owners[0].person_id, late, "agent", UNTIL)
    by_agent = {"hand": late, "capacity": "agent"}

    for papers in (frozenset[str](), frozenset({"identity", "guardianship"})):
        with pytest.raises(Refused, match=r"^papers-missing$") as refusal:
            district.sign(agreement_id, owners[0].person_id, **by_agent, papers=papers)
        assert refusal.value.facts["missing"] == ["power_of_attorney"]
    district.sign(agreement_id, owners[0].person_id, **by_agent, papers=POWER)

    assert district.rows("select papers from signatures") == [(["power_of_attorney"],)]


def test_of_two_valid_papers_the_reviewed_one_is_used(district: District) -> None:
    owner, agent = a_holder(), uuid4()
    unit = district.register(owner)
    seen = district.mandate(unit, owner.person_id, agent, "agent", UNTIL)
    agreement_id = district.ready(unit)
    district.mandate(unit, owner.person_id, agent, "agent", date(2030, 1, 1))

    district.sign(agreement_id, owner.person_id, hand=agent, capacity="agent")

    assert district.rows("select mandate_id from signatures") == [(seen,)]


def test_another_review_sees_the_paper_that_came_after_the_lock(district: District) -> None:
    owner, agent = a_holder(), uuid4()
    unit = district.register(owner)
    agreement_id = district.ready(unit)
    district.mandate(unit, owner.person_id, agent, "agent", UNTIL)
    district.unlock(agreement_id)
    district.review(agreement_id)
    district.lock(agreement_id)

    assert district.sign(agreement_id, owner.person_id, hand=agent, capacity="agent").turn


def test_who_took_a_signature_and_where_is_in_the_record_the_timeline_the_event_and_the_page(
    desk: Desk, district: District
) -> None:
    unit = district.register()
    agreement_id, owner = district.ready(unit), district.owners(unit)[0]
    body = {"right_holder": str(owner), "hand": str(owner), "capacity": "self", "desk": "东3"}

    state = desk.post(f"/agreements/{agreement_id}/signatures", body).json
    case = desk.ask(f"/cases/{unit}").json

    took = state["right_holders"][0]["taken_by"]
    assert took and state["right_holders"][0]["desk"] == "东3"
    assert district.rows("select taken_by, desk from signatures") == [(took, "东3")]
    [signer] = case["agreement"]["right_holders"]
    assert (signer["taken_by"], signer["desk"]) == (took, "东3")
    act = case["acts"][-1]
    assert (act["kind"], act["by"], act["at"]) == ("signature-taken", took, state["signed_at"])
    assert act["facts"]["desk"] == "东3" and act["facts"]["hand"] == str(owner)
    payload = dict(district.events_of(unit))["agreement.signed"]
    assert (payload["taken_by"], payload["desk"]) == (took, "东3")
    page = desk.page(f"/desk/{unit}").text
    [(name,)] = district.rows("select name from staff where subject = :took", took=took)
    assert f"经办 {name} {took}" in page and "签约台 东3" in page


@pytest.mark.parametrize("desk_name", ["", "a" * 41, "<b>", "3\u20284", "-", "3\n4"])
def test_a_desk_is_a_number_or_a_name(desk: Desk, district: District, desk_name: str) -> None:
    unit = district.register()
    owner = str(district.owners(unit)[0])
    body = {"right_holder": owner, "hand": owner, "capacity": "self", "desk": desk_name}

    assert desk.post(f"/agreements/{district.ready(unit)}/signatures", body).status_code in (400, 422)
    assert district.rows("select from signatures") == []


def test_shares_that_cannot_be_held_are_rejected_with_their_code_and_overflow_nothing(district: District) -> None:
    primes = (124_991, 124_987, 124_981, 124_979)
    fine = [a_holder(f"{part}/{8 * prime}") for prime in primes for part in (1, 2 * prime - 1)]

    with pytest.raises(Refused, match=r"^shares-too-fine$"):
        district.register(*fine)
    unit = district.register(
        *(a_holder(f"{part}/{4 * prime}") for prime in (249_989, 249_973) for part in (1, 2 * prime - 1))
    )
    district.signed(unit)

    assert district.rows("select state from agreements") == [("signed",)]
    assert _rights(district, unit).flaw() is None


def _rights(district: District, unit: UUID) -> Rights:
    with district.transaction() as tx:
        return cases.lock(tx, unit).rights
