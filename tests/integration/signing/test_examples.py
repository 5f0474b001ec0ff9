"""Do the examples of the published description run, from the first list to the closed period?"""

from datetime import timedelta

import pytest

from deploy.local import issuer as local_issuer
from services.signing.consumers import CONSUMER
from tests.integration.signing.conftest import DISTRICT, Desk
from tests.support import foreign_links
from tests.support.hostile import Hostile
from tests.support.parked import waiting_key
from tests.support.signing import LAUNCH, District
from tests.support.story import Story


@pytest.fixture
def story(desk: Desk, district: District) -> Story:
    district.register()
    district.freeze()
    clock = desk.app.extensions["clearwater"].clock
    return Story(
        desk.app,
        lambda role: local_issuer.mint(desk.issuer, role=role, districts=(DISTRICT,)),
        world={
            "projects.freeze_day": lambda: clock.set(LAUNCH + timedelta(days=1)),
            "projects.close": lambda: clock.set(LAUNCH + timedelta(days=16)),
            "parked.read": lambda: waiting_key(district.engine, CONSUMER, DISTRICT),
        },
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


def test_no_value_at_the_end_of_its_kind_is_an_error_of_ours(story: Story, district: District) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_extreme(project=str(district.project_id))

    assert not hostile.found, "\n".join(hostile.found[:40])


def test_a_link_of_another_site_changes_no_session(story: Story) -> None:
    assert foreign_links.changes(story.app) == []
