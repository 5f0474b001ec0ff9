"""Do the examples of the published description run, on a message that failed and on one of which nothing is known?"""

from tests.integration.notify.test_http import failed_message, reader  # noqa: F401 - a fixture
from tests.support.story import Story


def test_the_examples_run_as_a_story(notify, reader) -> None:  # noqa: F811 - the fixture
    failed_message(notify)

    def unknown() -> None:
        notify.mail.recipients_refused = ""
        notify.mail.answers = ["silence"]
        notify.dispatches()

    story = Story(
        reader.app, lambda role: reader.headers(role)["Authorization"].split()[1], world={"messages.resolve": unknown}
    )

    assert story.told() and not story.untold()
