"""Do the examples of the published description run, from an empty register to the frozen roll?"""

from itertools import chain, repeat

import pytest

from deploy.local import issuer as local_issuer
from services.registry.consumers import CONSUMER
from services.registry.domain import sample
from tests.integration.registry.conftest import DISTRICT, Registry, workbook
from tests.integration.registry.test_imports import edited
from tests.support import foreign_links
from tests.support.hostile import Hostile
from tests.support.parked import waiting_key
from tests.support.story import Story


@pytest.fixture
def story(registry: Registry) -> Story:
    """The first upload has a mistake, so that it can be annotated; every later one has none."""
    made = sample.made(seed=1, units=20, district=DISTRICT)
    uploads = chain([edited(made, {"Q2": "440399198002290001"})], repeat(workbook(made)))
    files: dict[str, bytes] = {}
    return Story(
        registry.app,
        lambda role: local_issuer.mint(registry.local_dir, role=role, districts=(DISTRICT,)),
        world={
            **dict.fromkeys(("imports.report", "places.list_compounds"), registry.work),
            "imports.upload": lambda: files.update(file=next(uploads)),
            "parked.read": lambda: waiting_key(registry.engine, CONSUMER, DISTRICT),
        },
        files=files,
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


def test_no_value_at_the_end_of_its_kind_is_an_error_of_ours(story: Story, registry: Registry) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_extreme(project=registry.get("/projects").json["items"][0]["project_id"])

    assert not hostile.found, "\n".join(hostile.found[:40])


def test_a_link_of_another_site_changes_no_session(story: Story) -> None:
    assert foreign_links.changes(story.app) == []
