"""Do the examples of the published description run, from an empty register to the frozen roll?"""

import pytest

from deploy.local import issuer as local_issuer
from services.registry.consumers import CONSUMER
from services.registry.domain import sample
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.support.hostile import Hostile
from tests.support.parked import waiting_key
from tests.support.story import Story


@pytest.fixture
def story(registry: Registry) -> Story:
    return Story(
        registry.app,
        lambda role: local_issuer.mint(registry.local_dir, role=role, districts=(DISTRICT,)),
        world={
            **dict.fromkeys(("imports.report", "places.list_compounds"), registry.work),
            "parked.read": lambda: waiting_key(registry.engine, CONSUMER, DISTRICT),
        },
        files={"file": workbook(sample.made(seed=1, units=20, district=DISTRICT))},
    )


def test_the_examples_run_as_a_story(story: Story) -> None:
    assert story.run() and not story.unused_operations()


@pytest.mark.timeout(600)
def test_hostile_values_at_every_parameter_are_refused_with_a_code(story: Story) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_operation()
    hostile.at_every_page()

    assert hostile.thrown > 500
    assert not hostile.found, "\n".join(hostile.found[:40])
