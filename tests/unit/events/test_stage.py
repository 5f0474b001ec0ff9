"""Is the stage derived by the order of docs/domain.md, and only from known facts?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.stage import COUNTED, DONE, STAGES, Facets, stage

AGREEMENTS = {
    "drafted": "negotiating",
    "reviewed": "negotiating",
    "locked": "ready",
    "pre_registered": "pre_registered",
    "signed": "signed",
    "effective": "effective",
    "rescinded": "rescinded",
    "void": "void",
}
FACETS = st.builds(
    Facets,
    survey=st.sampled_from([None, "surveying", "surveyed"]),
    rights=st.sampled_from([None, "reviewing", "confirmed", "disputed"]),
    valuation=st.sampled_from([None, "valuing", "published", "accepted"]),
    negotiation=st.sampled_from([None, "not_contacted", "negotiating", "waiting"]),
    agreement=st.sampled_from([None, *AGREEMENTS]),
    vacate=st.sampled_from([None, "occupied", "vacated", "accepted"]),
    payment=st.sampled_from([None, "due", "paid"]),
    title=st.sampled_from([None, "held", "cancelled"]),
    demolition=st.sampled_from([None, "standing", "demolished"]),
)


def test_a_case_without_any_facet_has_the_stage_registered():
    assert stage(Facets()) == "registered"


@pytest.mark.parametrize(("agreement", "expected"), AGREEMENTS.items())
def test_the_stage_follows_the_agreement_before_survey_and_rights(agreement: str, expected: str):
    assert stage(Facets(survey="surveyed", rights="confirmed", agreement=agreement)) == expected


def test_a_unit_drafted_anew_is_no_longer_rescinded():
    assert stage(Facets(rights="confirmed", agreement="rescinded")) == "rescinded"
    assert stage(Facets(rights="confirmed", agreement="drafted")) == "negotiating"


@given(FACETS)
def test_every_case_has_one_of_the_sixteen(facets: Facets):
    assert stage(facets) in STAGES
    assert len(STAGES) == 16


@given(FACETS)
def test_a_demolished_unit_has_the_stage_demolished_whatever_its_other_facets(facets: Facets):
    further = Facets(**{**facets.__dict__, "demolition": "demolished"})
    assert stage(further) == "demolished"


@pytest.mark.parametrize(
    ("facet", "state", "expected"),
    [
        ("survey", "surveying", "registered"), ("survey", "surveyed", "surveyed"),
        ("rights", "reviewing", "registered"), ("rights", "confirmed", "rights_confirmed"),
        ("valuation", "valuing", "registered"), ("valuation", "published", "valued"),
        ("valuation", "accepted", "valued"), ("valuation", "rechecked", "valued"),
        ("negotiation", "not_contacted", "registered"), ("negotiation", "waiting", "negotiating"),
        ("agreement", "performed", "effective"), ("agreement", "superseded", "registered"),
        ("vacate", "occupied", "registered"), ("vacate", "tenant_clearing", "moving"), ("vacate", "vacated", "moving"),
        ("vacate", "rejected", "moving"), ("vacate", "accepted", "handed_over"),
        ("payment", "due", "registered"), ("payment", "paid", "paid"), ("payment", "reconciled", "paid"),
        ("title", "held", "registered"), ("title", "cancelled", "title_cancelled"),
        ("demolition", "standing", "registered"), ("demolition", "demolished", "demolished"),
    ],
)  # fmt: skip
def test_a_single_facet_gives_its_stage(facet: str, state: str, expected: str):
    assert stage(Facets(**{facet: state})) == expected


def test_the_stages_after_the_signature_are_done_and_three_states_of_an_agreement_count():
    assert {
        "signed", "effective", "moving", "handed_over", "paid", "title_cancelled", "demolished",
    } == DONE  # fmt: skip
    assert {"signed", "effective", "performed"} == COUNTED
