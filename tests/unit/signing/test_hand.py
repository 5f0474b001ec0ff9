"""What it takes to sign for another, beside the mandate: a capable hand, and a document that was seen in time."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from services.signing.domain.hand import Review, expect_capable, expect_seen, seen_first, unseen
from services.signing.domain.mandate import Mandate
from shared.refusal import Refused
from tests.unit.signing.builders import NOON

MOMENT = timedelta(microseconds=1)
ATTORNEY, NOTHING = frozenset({"power_of_attorney"}), frozenset[str]()


def an_agents(*, recorded_at=NOON, kind="agent") -> Mandate:
    return Mandate(uuid4(), uuid4(), uuid4(), kind, date(2026, 12, 31), "公证书", recorded_at=recorded_at)


def test_a_hand_must_be_capable():
    expect_capable(uuid4(), capable=True)
    with pytest.raises(Refused, match=r"^hand-not-capable$"):
        expect_capable(uuid4(), capable=False)


@pytest.mark.parametrize(
    ("reviews", "papers", "seen"),
    [
        ([], NOTHING, False),
        ([], ATTORNEY, True),
        ([], frozenset({"guardianship"}), False),
        ([Review(NOON, ATTORNEY)], NOTHING, True),
        ([Review(NOON - MOMENT, ATTORNEY)], NOTHING, False),
        ([Review(NOON + MOMENT, NOTHING)], NOTHING, False),
        ([Review(NOON - MOMENT, ATTORNEY), Review(NOON + MOMENT, ATTORNEY)], NOTHING, True),
        ([Review(NOON - MOMENT, ATTORNEY), Review(NOON + MOMENT, NOTHING)], NOTHING, False),
    ],
)
def test_the_document_is_seen_in_a_review_after_the_mandate_was_recorded_or_with_the_signature(reviews, papers, seen):
    paper = an_agents()

    assert unseen(paper, reviews, papers) == (None if seen else "power_of_attorney")
    if seen:
        expect_seen(paper, reviews, papers)
    else:
        with pytest.raises(Refused, match=r"^papers-missing$") as refusal:
            expect_seen(paper, reviews, papers)
        assert refusal.value.facts == {"missing": ["power_of_attorney"]}


def test_a_mandate_without_an_instant_needs_its_document_with_the_signature():
    paper = an_agents(recorded_at=None)

    assert unseen(paper, [Review(NOON, ATTORNEY)]) == "power_of_attorney"
    assert unseen(paper, [], ATTORNEY) is None


@pytest.mark.parametrize(
    ("kind", "document"),
    [("agent", "power_of_attorney"), ("guardian", "guardianship"), ("representative", "seal_authority")],
)
def test_every_kind_of_mandate_has_its_document(kind, document):
    assert unseen(an_agents(kind=kind), []) == document


def test_mandates_whose_document_was_seen_come_first_and_keep_their_order():
    late, early, also_late = an_agents(recorded_at=NOON + MOMENT), an_agents(), an_agents(recorded_at=NOON + MOMENT)

    found = seen_first([late, early, also_late], [Review(NOON, ATTORNEY)], NOTHING)

    assert found == (early, late, also_late)
