"""Does the agreement keep its rules? No database, no broker, no mocks."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.signing.domain.agreement import Agreement, Signature, Taking, Turn
from services.signing.domain.mandate import Mandate
from shared.events.day import business_day, midnight
from shared.refusal import Refused
from tests.unit.signing.builders import LINES, NOON, TURN, a_draft, a_holder, a_locked, carry_out, rights_of, signs


def a_paper(holder, kind: str, valid_until: date = date(2026, 11, 28)) -> Mandate:
    return Mandate(uuid4(), holder.person_id, uuid4(), kind, valid_until, "公证书")


@given(st.integers(2, 12), st.booleans(), st.randoms())
def test_only_the_signature_of_the_last_right_holder_completes_an_agreement(count, joint, random):
    holders = [a_holder(None if joint else f"1/{count}") for _ in range(count)]
    agreement = a_locked(rights_of(*holders, ownership="joint" if joint else "shares"))
    random.shuffle(holders)

    for holder in holders[:-1]:
        signs(agreement, holder)
        assert agreement.state == "locked"
    signs(agreement, holders[-1])
    signs(agreement, holders[-1])

    assert agreement.state == "signed"
    assert [type(event).__name__ for event in agreement.recorded].count("AgreementSigned") == 1


def test_a_signature_completes_a_lock_when_only_its_right_holder_is_missing():
    first, last = a_holder("1/2"), a_holder("1/2")
    agreement = a_locked(rights_of(first, last))
    assert not agreement.completed_by(first.person_id) and not agreement.completed_by(last.person_id)

    signs(agreement, first)
    assert agreement.completed_by(last.person_id)
    assert not agreement.completed_by(first.person_id)

    agreement.supersede(uuid4(), reason="rule_set_superseded", at=NOON)
    assert not agreement.completed_by(last.person_id)


def test_a_child_signs_through_a_guardian_only():
    child = a_holder(capable=False)
    agreement, guardian, agent = a_locked(rights_of(child)), a_paper(child, "guardian"), a_paper(child, "agent")

    for hand, capacity in ((child.person_id, "self"), (agent.hand, "agent")):
        with pytest.raises(Refused, match=r"^guardian-required$"):
            signs(agreement, child, hand=hand, capacity=capacity, mandates=(guardian, agent))
    signs(agreement, child, hand=guardian.hand, capacity="guardian", mandates=(guardian,))

    assert agreement.state == "signed" and agreement.signatures[0].mandate_id == guardian.mandate_id


def test_a_guardian_signs_for_one_child_at_a_time():
    children = [a_holder("1/2", capable=False) for _ in range(2)]
    agreement, paper = a_locked(rights_of(*children)), a_paper(children[0], "guardian")

    signs(agreement, children[0], hand=paper.hand, capacity="guardian", mandates=(paper,))
    with pytest.raises(Refused, match=r"^hand-not-entitled$"):
        signs(agreement, children[1], hand=paper.hand, capacity="guardian", mandates=(paper,))


def test_an_organisation_signs_through_its_representative():
    company = a_holder(kind="organisation")
    agreement, paper = a_locked(rights_of(company)), a_paper(company, "representative")

    with pytest.raises(Refused, match=r"^representative-required$"):
        signs(agreement, company)
    signs(agreement, company, hand=paper.hand, capacity="representative", mandates=(paper,))

    assert agreement.state == "signed"


@pytest.mark.parametrize(("days", "good"), [(0, True), (-1, False)])
def test_a_paper_is_valid_until_the_end_of_its_last_day_in_shanghai(days, good):
    owner = a_holder()
    agreement = a_locked(rights_of(owner))
    paper = a_paper(owner, "agent", date(2026, 11, 28) + timedelta(days=days))
    late = midnight(date(2026, 11, 29)) - timedelta(seconds=1)  # still the 28th in Shanghai
    assert business_day(late) == date(2026, 11, 28)

    if good:
        signs(agreement, owner, hand=paper.hand, capacity="agent", mandates=(paper,), at=late)
        assert agreement.state == "signed"
    else:
        with pytest.raises(Refused, match=r"^mandate-expired$") as refusal:
            signs(agreement, owner, hand=paper.hand, capacity="agent", mandates=(paper,), at=late)
        assert refusal.value.facts["valid_until"] == date(2026, 11, 27)


def test_rights_that_changed_since_the_lock_block_it():
    owner = a_holder()

    with pytest.raises(Refused, match=r"^rights-changed-since-lock$"):
        signs(a_locked(rights_of(owner)), owner, revision=2)


def test_shares_that_are_not_whole_are_never_signed():
    holders = [a_holder("2/3"), a_holder("2/3")]
    agreement = a_locked(rights_of(*holders))
    signs(agreement, holders[0])

    with pytest.raises(Refused, match=r"^shares-incomplete$"):
        signs(agreement, holders[1])


def a_signed(owner=None) -> Agreement:
    owner = owner or a_holder()
    agreement = a_locked(rights_of(owner))
    signs(agreement, owner)
    return agreement


def last_event(agreement: Agreement) -> Any:
    return agreement.recorded[-1]


def test_a_draft_and_its_new_terms_say_their_worth_and_must_be_whole():
    agreement = a_draft()
    assert (last_event(agreement).series, last_event(agreement).compensation_fen) == ("cash", 260_720)
    agreement.pass_review(at=NOON)

    with pytest.raises(Refused, match=r"^terms-wrong$"):
        agreement.edit((), form="mixed", rule_set_version="4", at=NOON)
    assert agreement.state == "reviewed"
    agreement.edit(LINES[1:], form="mixed", rule_set_version="4", at=NOON)

    assert (agreement.state, agreement.form, agreement.rule_set_version) == ("drafted", "mixed", "4")
    assert (last_event(agreement).series, last_event(agreement).compensation_fen) == ("exchange", 0)
    with pytest.raises(Refused, match=r"^terms-wrong$") as refusal:
        Agreement.draft(
            uuid4(), project_id=uuid4(), unit_id=uuid4(), form="cash", rule_set_version="3", lines=(), at=NOON
        )
    assert refusal.value.facts == {"flaw": "terms-missing"}


def test_a_review_and_a_pre_registration_are_recorded_once():
    agreement = a_draft()
    for _ in range(2):
        agreement.pass_review(at=NOON)
    agreement.freeze(rights_of(a_holder()), rights_revision=1, at=NOON, by="desk")
    agreement.pre_register(at=NOON)
    assert type(last_event(agreement)).__name__ == "AgreementPreRegistered"
    agreement.pre_register(at=NOON)

    assert [type(event).__name__ for event in agreement.recorded] == [
        "AgreementDrafted",
        "AgreementReviewed",
        "AgreementLocked",
        "AgreementPreRegistered",
    ]


@pytest.mark.parametrize("lines", [LINES, ()])
def test_a_locked_agreement_takes_no_new_terms_and_says_so_whatever_they_are(lines):
    with pytest.raises(Refused, match=r"^agreement-not-open$"):
        a_locked(rights_of(a_holder())).edit(lines, form="cash", rule_set_version="3", at=NOON)


def test_every_lock_is_counted_and_takes_no_signature_of_an_earlier_one():
    owners = [a_holder("1/2"), a_holder("1/2")]
    agreement = a_locked(rights_of(*owners))
    signs(agreement, owners[0])

    agreement.unfreeze(reason="wrong", at=NOON)
    assert (agreement.lock, agreement.signatures, agreement.unsigned()) == (None, [], [])
    agreement.pass_review(at=NOON)
    agreement.freeze(rights_of(*owners), rights_revision=1, at=NOON, by="desk")

    assert agreement.lock and agreement.lock.count == 2
    assert agreement.unsigned() == owners and not agreement.has_signed(owners[0].person_id)


def test_the_paper_at_the_desk_must_be_that_of_the_lock():
    agreement = a_locked(rights_of(a_holder()))
    a_draft().expect_terms("of no lock yet")
    agreement.expect_terms(agreement.digest())

    with pytest.raises(Refused, match=r"^terms-changed-since-read$") as refusal:
        agreement.expect_terms("0" * 64)

    assert refusal.value.facts == {"terms_digest": agreement.digest()}


def test_the_version_on_screen_must_be_the_newest():
    agreement = a_draft()
    agreement.version = 3
    agreement.expect_version(None)
    agreement.expect_version(3)

    with pytest.raises(Refused, match=r"^version-superseded$"):
        agreement.expect_version(2)


def test_a_signature_keeps_who_took_it_where_and_on_which_papers():
    owner = a_holder()
    agreement = a_locked(rights_of(owner))
    taking = Taking("desk-1", "3号窗口", frozenset({"b", "a"}))

    agreement.sign(
        owner.person_id,
        hand=owner.person_id,
        capacity="self",
        mandates=(),
        rights_revision=1,
        area=6_518,
        at=NOON,
        turn=TURN,
        taking=taking,
    )

    [signature] = agreement.signatures
    assert (signature.taken_by, signature.desk, signature.papers) == ("desk-1", "3号窗口", ("a", "b"))
    event = last_event(agreement)
    assert (event.taken_by, event.desk, event.area_hundredths_m2) == ("desk-1", "3号窗口", 6_518)
    assert (event.sequence_number, event.signed_at, event.right_holders) == (1, NOON, (owner.person_id,))


@pytest.mark.parametrize(
    ("login", "published"),
    [("desk-1", "desk-1"), ("陈小明", None), ("a b", None), (" desk", None), ("d" * 255, "d" * 255), ("d" * 256, None), (None, None)],
)  # fmt: skip
def test_an_event_names_a_login_only_in_the_form_that_it_may_have(login, published):
    owner = a_holder()
    agreement = a_locked(rights_of(owner))

    carry_out(agreement, "sign", owner, NOON, taking=Taking(login))

    assert (agreement.signatures[0].taken_by, last_event(agreement).taken_by) == (login, published)


def test_the_last_instant_of_an_agreement_is_kept_when_an_earlier_one_comes():
    agreement = a_draft()

    agreement.pass_review(at=NOON - timedelta(minutes=1))

    assert agreement.last_at == NOON


def test_whoever_signed_has_signed_until_the_agreement_is_over():
    owner = a_holder()
    agreement = a_signed(owner)
    assert agreement.has_signed(owner.person_id) and agreement.live
    assert not agreement.completed_by(owner.person_id)

    agreement.rescind(reason="withdrawn", at=NOON)

    assert not agreement.has_signed(owner.person_id) and not agreement.live
    assert agreement.detachment and (agreement.detachment.at, agreement.detachment.reason) == (NOON, "withdrawn")
    assert last_event(agreement).sequence_number == 1


def test_nobody_but_a_right_holder_of_the_lock_signs():
    agreement = a_locked(rights_of(a_holder()))

    with pytest.raises(Refused, match=r"^not-a-right-holder$"):
        signs(agreement, a_holder())


@pytest.mark.parametrize(("minutes", "effective"), [(5, 5), (-5, 0)])
def test_an_agreement_takes_effect_at_the_later_of_signing_and_declaration(minutes, effective):
    agreement = a_signed()
    declared_at = NOON + timedelta(minutes=minutes)

    assert agreement.take_effect(declared_at=declared_at, document_number="1号")
    assert not agreement.take_effect(declared_at=declared_at, document_number="1号")

    assert (agreement.state, agreement.effective_at) == ("effective", NOON + timedelta(minutes=effective))
    event = last_event(agreement)
    assert (event.effective_at, event.declaration) == (agreement.effective_at, "1号")


def test_only_a_signed_agreement_lapses_and_only_once():
    agreement, ends = a_signed(), NOON + timedelta(days=15)

    assert not a_draft().lapse(ends) and not a_draft().take_effect(declared_at=NOON, document_number="1号")
    assert agreement.lapse(ends)
    assert not agreement.lapse(ends)

    assert (agreement.state, last_event(agreement).void_at) == ("void", ends)
    assert agreement.detachment and agreement.detachment.at == ends


def test_the_last_instant_of_an_old_row_follows_from_its_parts():
    agreement = a_signed()
    lock, turn, signature = (NOON + timedelta(seconds=second) for second in (1, 2, 3))
    agreement.moved_at, agreement.lock = None, replace(agreement.lock, locked_at=lock)
    agreement.turn, agreement.signatures = None, []
    assert agreement.last_at == lock

    agreement.turn = Turn(1, turn)
    assert agreement.last_at == turn
    agreement.signatures = [Signature(uuid4(), uuid4(), "self", None, signature)]
    assert agreement.last_at == signature
    agreement.lock, agreement.turn, agreement.signatures = None, None, []
    assert agreement.last_at is None
