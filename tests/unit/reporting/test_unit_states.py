"""Does the snapshot know every event that changes a fact of a unit?"""

import pytest

from services.reporting.projections.cases import FACETS_OF
from services.reporting.queries import unit_states
from shared.events.signing import AgreementSigned


@pytest.mark.parametrize("facet", ["rights", "agreement"])
def test_every_event_that_changes_a_facet_is_needed_for_it(facet: str) -> None:
    changing = {event for event, (_, facets) in FACETS_OF.items() if facet in facets}

    assert set(unit_states.CHANGED_BY[facet]) == changing


def test_every_event_that_gives_or_takes_a_number_is_needed_for_the_signing() -> None:
    detaching = {event for event, (_, facets) in FACETS_OF.items() if facets.get("detached")}
    numbering = {
        event
        for event, (_, facets) in FACETS_OF.items()
        if "sequence_number" in event.model_fields and event not in detaching
    }

    assert numbering == {AgreementSigned}
    assert set(unit_states.CHANGED_BY["signing"]) == numbering | detaching


def test_a_fact_is_whole_only_with_all_its_types() -> None:
    signing = frozenset(event.declared.type for event in unit_states.CHANGED_BY["signing"])

    assert unit_states.facts(signing) == ("signing",)
    for left_out in signing:
        assert unit_states.facts(signing - {left_out}) == ()
