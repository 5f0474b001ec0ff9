"""Do the examples of the published description run, on a message that failed, on one of which nothing is known, and on a held channel?"""

from datetime import UTC, datetime

from services.notify.store import holds
from shared.service import database
from tests.integration.notify.test_http import failed_message, reader  # noqa: F401 - a fixture
from tests.support.story import Story


def test_the_examples_run_as_a_story(notify, reader) -> None:  # noqa: F811 - the fixture
    failed_message(notify)

    def unknown() -> None:
        notify.mail.recipients_refused = ""
        notify.mail.answers = ["silence"]
        notify.dispatches()

    def held() -> None:
        with database.begin(notify.engine, district=notify.district) as tx:
            holds.begin(tx, "mail", code="smtp-535", real_at=datetime.now(UTC))

    story = Story(
        reader.app,
        lambda role: reader.headers(role)["Authorization"].split()[1],
        world={"messages.list_channels": held, "messages.resolve": unknown},
    )

    assert story.told() and not story.untold()
