"""Is the stage derived by the order of docs/domain.md, and only from known facts?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.stage import STAGES, Facets, stage

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
