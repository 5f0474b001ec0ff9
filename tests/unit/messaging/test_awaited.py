"""What does a consumer wait for: at the start, when a district is made, and when there is none yet?"""

from shared.events import topics
from shared.messaging import memory
from shared.messaging.awaited import Awaited

KINDS = ("registry-unit", "registry-project")
UNIT, PROJECT = (topics.name("440303", kind) for kind in KINDS)


def awaited(broker: memory.Broker) -> Awaited:
    return Awaited(memory.Subscription(broker, group="g", topics=topics.pattern(*KINDS)))


def broker(*names: str) -> memory.Broker:
    made = memory.Broker()
    for name in names:
        made.create(name)
    return made


def test_before_the_broker_has_answered_nothing_is_ready() -> None:
    assert awaited(broker(UNIT, PROJECT)).missing() == "the broker has not answered yet"


def test_an_installation_without_a_district_waits_for_nothing() -> None:
    waiting = awaited(broker())
    waiting.look()

    assert waiting.missing() is None


def test_topics_missing_at_the_start_are_named_until_they_exist() -> None:
    with_gap = broker(UNIT)
    waiting = awaited(with_gap)
    waiting.look()
    assert waiting.missing() == f"topics not to be seen: {PROJECT}"

    with_gap.create(PROJECT)
    waiting.look()
    assert waiting.missing() is None


def test_a_district_that_was_read_before_is_known_without_any_topic() -> None:
    waiting = awaited(broker())
    waiting.know(["440303"])
    waiting.look()

    assert waiting.missing() == f"topics not to be seen: {PROJECT}, {UNIT}"


def test_a_district_under_creation_is_given_time() -> None:
    making = broker()
    waiting = awaited(making)
    waiting.look()
    making.create(UNIT)
    for _ in range(9):
        waiting.look()
        assert waiting.missing() is None
    waiting.look()

    assert waiting.missing() == f"topics not to be seen: {PROJECT}"


def test_an_outage_is_named_until_the_next_look() -> None:
    waiting = awaited(broker(UNIT, PROJECT))
    waiting.outage("KafkaTimeoutError")
    assert waiting.missing() == "broker: KafkaTimeoutError"

    waiting.look()
    assert waiting.missing() is None
