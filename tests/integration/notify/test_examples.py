"""Do the examples of the API description run: on a failed message, an unknown message and a held channel?"""

from datetime import UTC, datetime

import pytest

from services.notify.consumers import CONSUMER
from services.notify.store import holds
from shared.messaging.parked_api import TOPIC
from shared.service import database
from tests.integration.notify.test_http import failed_message, reader  # noqa: F401 - a fixture
from tests.support import foreign_links
from tests.support.hostile import Hostile
from tests.support.parked import topic_in, waiting_key
from tests.support.story import Story


@pytest.fixture
def story(notify, reader) -> Story:  # noqa: F811 - the fixture
    failed_message(notify)

    def unknown() -> None:
        notify.mail.recipients_refused = ""
        notify.mail.answers = ["silence"]
        notify.dispatches()

    def held() -> None:
        with database.begin(notify.engine, district=notify.district) as tx:
            holds.begin(tx, "mail", code="smtp-535", real_at=datetime.now(UTC))

    return Story(
        reader.app,
        lambda role: reader.headers(role)["Authorization"].split()[1],
        world={
            "messages.list_channels": held,
            "messages.resolve": unknown,
            "parked.read": lambda: waiting_key(notify.engine, CONSUMER, notify.district),
        },
        standing_for={TOPIC: topic_in(notify.district)},
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


def test_no_value_at_the_end_of_its_kind_is_an_error_of_ours(story: Story, notify) -> None:
    story.run()
    hostile = Hostile(story)

    hostile.at_every_extreme(project=str(notify.rows("select project_id from messages")[0].project_id))

    assert not hostile.found, "\n".join(hostile.found[:40])


def test_a_link_of_another_site_changes_no_session(story: Story) -> None:
    assert foreign_links.changes(story.app) == []
