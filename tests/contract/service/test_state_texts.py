"""Has every state of every facet, and every stage, a text in each language on each page that can show it?"""

from collections.abc import Sequence
from typing import get_args

import pytest

from deploy.local.place import ROOT
from services.reporting.domain import facets
from services.signing.domain import agreement, case
from services.signing.domain import stage as signing_stage
from shared.events import stage as reporting_stage
from shared.web.languages import NAMES, Catalogue

REPORTING, SIGNING = (ROOT / "services" / service / "web" / "texts.toml" for service in ("reporting", "signing"))


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize(
    ("file", "section", "states"),
    [
        (REPORTING, "stage", reporting_stage.STAGES),
        (SIGNING, "stage", get_args(signing_stage.Stage)),
        (SIGNING, "state", get_args(agreement.State)),
        *((REPORTING, f"state.{facet}", states) for facet, states in facets.FACETS.items()),
    ],
)
def test_every_state_has_a_text(file, section: str, states: Sequence[str], language):
    texts = Catalogue(file).section(language, section)

    assert [state for state in states if not texts.get(state)] == []


def test_the_facets_of_the_pages_are_those_of_a_case():
    assert set(facets.FACETS) <= set(reporting_stage.Facets.__dataclass_fields__)
    assert set(facets.FACETS["agreement"]) == set(get_args(agreement.State))
    assert set(facets.FACETS["rights"]) == set(get_args(case.RightsState)) - {"pending"}
