"""Do the examples of the published description run, from the first list to the closed period?"""

from datetime import timedelta

from deploy.local import issuer as local_issuer
from tests.integration.signing.conftest import HERE, Desk
from tests.support.signing import LAUNCH, District
from tests.support.story import Story


def test_the_examples_run_as_a_story(desk: Desk, here: District) -> None:
    here.register()
    here.freeze()
    clock = desk.app.extensions["clearwater"].clock
    story = Story(
        desk.app,
        lambda role: local_issuer.mint(desk.issuer, role=role, districts=(HERE,)),
        world={
            "projects.freeze_day": lambda: clock.set(LAUNCH + timedelta(days=1)),
            "projects.close": lambda: clock.set(LAUNCH + timedelta(days=16)),
        },
    )

    assert story.told() and not story.untold()
