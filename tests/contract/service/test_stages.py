"""Do signing and reporting derive the same stage from the same facts?"""

from itertools import product
from typing import get_args

import pytest

from services.signing.domain import stage as of_signing
from services.signing.domain.agreement import State
from services.signing.domain.case import RightsState
from shared.events import stage as of_reporting
from shared.events.stage import Facets


@pytest.mark.parametrize(("agreement", "rights"), list(product((None, *get_args(State)), get_args(RightsState))))
def test_signing_and_reporting_derive_the_same_stage(agreement, rights):
    shown = of_reporting.stage(Facets(agreement=agreement, rights=rights))

    assert of_signing.stage(agreement=agreement, rights=rights) == shown


def test_signing_knows_no_stage_of_its_own():
    assert set(get_args(of_signing.Stage)) <= set(of_reporting.STAGES)
