"""The checklist before the lock: what is missing is named by its code."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services.signing.domain.mandate import Mandate
from services.signing.domain.review import ALWAYS, checklist, mandatory_papers
from tests.unit.signing.builders import LINES, NOON, a_holder, rights_of

OWNER = a_holder()
WHOLE = {
    "rights_state": "confirmed",
    "area_disputed": False,
    "lines": LINES,
    "mandates": (),
    "papers": frozenset(ALWAYS),
}


def a_mandate(kind="agent") -> Mandate:
    return Mandate(uuid4(), OWNER.person_id, uuid4(), kind, date(2026, 12, 31), "公证书")


def failed(rights=None, **changed):
    return [
        (item.code, item.facts) for item in checklist(rights or rights_of(OWNER), **WHOLE | changed) if not item.passed
    ]


def test_a_whole_agreement_passes_every_item():
    assert [item.code for item in checklist(rights_of(OWNER), **WHOLE)] == [
        "rights-confirmed",
        "shares-whole",
        "no-area-dispute",
        "papers-complete",
        "terms-whole",
    ]
    assert failed() == []


@pytest.mark.parametrize("state", ["pending", "reviewing", "disputed"])
def test_rights_must_be_confirmed(state):
    assert failed(rights_state=state) == [("rights-confirmed", {"rights": state})]


def test_every_other_item_fails_by_itself():
    half = rights_of(a_holder("1/2"), a_holder("1/3"))

    assert failed(half) == [("shares-whole", {"flaw": "shares-incomplete"})]
    assert failed(area_disputed=True) == [("no-area-dispute", {})]
    assert failed(papers=frozenset({"identity", "account"})) == [
        ("papers-complete", {"missing": ["title_certificate"]})
    ]
    assert failed(lines=()) == [("terms-whole", {"flaw": "terms-missing"})]


@pytest.mark.parametrize(
    ("rights", "mandates", "more"),
    [
        (rights_of(OWNER), (), ()),
        (rights_of(OWNER), (a_mandate(),), ("power_of_attorney",)),
        (rights_of(OWNER), (replace(a_mandate(), revoked_at=NOON),), ()),
        (rights_of(OWNER), (a_mandate("guardian"), a_mandate()), ("guardianship", "power_of_attorney")),
        (rights_of(a_holder(capable=False)), (), ("guardianship",)),
        (rights_of(a_holder(kind="organisation")), (), ("seal_authority",)),
    ],
)
def test_the_papers_that_are_needed_follow_from_who_signs(rights, mandates, more):
    assert ALWAYS == ("identity", "title_certificate", "account")
    assert mandatory_papers(rights, mandates) == (*ALWAYS, *more)
