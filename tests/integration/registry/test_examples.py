"""Do the examples of the published description run, from an empty register to the frozen roll?"""

from deploy.local import issuer as local_issuer
from services.registry.domain import sample
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.support.story import Story


def test_the_examples_run_as_a_story(registry: Registry) -> None:
    story = Story(
        registry.app,
        lambda role: local_issuer.mint(registry.local_dir, role=role, districts=(DISTRICT,)),
        world=dict.fromkeys(("imports.report", "places.list_compounds"), registry.work),
        files={"file": workbook(sample.made(seed=1, units=20, district=DISTRICT))},
    )

    assert story.told() and not story.untold()
