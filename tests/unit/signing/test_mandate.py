"""Who may sign for whom: by whose own hand, and under which paper."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.signing.domain.mandate import Entitled, Mandate, NotEntitled, entitlement
from tests.unit.signing.builders import NOON, a_holder

DAY = date(2026, 11, 28)
OWNER, CHILD = a_holder(), a_holder(capable=False)
COMPANY = a_holder(kind="organisation")
HAND = uuid4()


def a_paper(holder, kind, valid_until=DAY, **changed) -> Mandate:
    return replace(Mandate(uuid4(), holder.person_id, HAND, kind, valid_until, "公证书"), **changed)


def of(holder, capacity, *papers, hand=HAND):
    return entitlement(holder, hand=hand, capacity=capacity, mandates=papers, on=DAY)


@pytest.mark.parametrize(
    ("holder", "capacity", "code"),
    [
        (OWNER, "self", None),
        (OWNER, "agent", None),
        (OWNER, "guardian", "hand-not-entitled"),
        (OWNER, "representative", "hand-not-entitled"),
        (CHILD, "self", "guardian-required"),
        (CHILD, "agent", "guardian-required"),
        (CHILD, "guardian", None),
        (CHILD, "representative", "guardian-required"),
        (COMPANY, "self", "representative-required"),
        (COMPANY, "agent", None),
        (COMPANY, "guardian", "representative-required"),
        (COMPANY, "representative", None),
    ],
)
def test_a_right_holder_signs_in_some_capacities_only(holder, capacity, code):
    if capacity == "self":
        found = of(holder, "self", hand=holder.person_id)
        assert found == (Entitled(None) if code is None else NotEntitled(code))
    else:
        paper = a_paper(holder, capacity)
        assert of(holder, capacity, paper) == (Entitled(paper.mandate_id) if code is None else NotEntitled(code))


def test_nobody_signs_as_another_person_without_a_paper():
    assert of(OWNER, "self") == NotEntitled("hand-not-entitled")
    assert of(OWNER, "agent") == NotEntitled("hand-not-entitled")


def test_nobody_is_their_own_agent_whatever_the_paper_says():
    paper = a_paper(OWNER, "agent", hand=OWNER.person_id)

    assert of(OWNER, "agent", paper, hand=OWNER.person_id) == NotEntitled("hand-not-another")


@pytest.mark.parametrize(
    "changed", [{"right_holder": uuid4()}, {"hand": uuid4()}, {"kind": "guardian"}, {"revoked_at": NOON}], ids="".join
)
def test_a_paper_for_another_or_of_another_or_revoked_entitles_nobody(changed):
    assert of(OWNER, "agent", replace(a_paper(OWNER, "agent"), **changed)) == NotEntitled("hand-not-entitled")


def test_a_paper_is_good_on_its_last_day_and_an_expired_one_names_the_last_of_its_days():
    yesterday, before = DAY - timedelta(days=1), DAY - timedelta(days=2)
    revoked = a_paper(OWNER, "agent", DAY + timedelta(days=9), revoked_at=NOON)
    papers = (a_paper(OWNER, "agent", before), a_paper(OWNER, "agent", yesterday), revoked)

    assert of(OWNER, "agent", *papers) == NotEntitled("mandate-expired", yesterday)
    last_day = a_paper(OWNER, "agent")
    assert of(OWNER, "agent", *papers, last_day) == Entitled(last_day.mandate_id)


def test_the_first_of_several_good_papers_is_used():
    first, second, third = (a_paper(OWNER, "agent") for _ in range(3))

    assert of(OWNER, "agent", first, second, third) == Entitled(first.mandate_id)
