"""Does looking at a consumer's lag cost little however many districts there are?"""

from contextlib import closing
from uuid import uuid4

import pytest
from kafka import KafkaConsumer

from shared.events import topics
from shared.messaging import kafka
from tests.support import kit
from tests.support.eventually import eventually
from tests.support.platform import Platform


def test_a_consumer_that_has_caught_up_asks_for_no_position(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    """kafka-python looks at all partitions when it is asked for the position of one: with 100 districts, a million looks each time."""
    districts = [platform.topics() for _ in range(3)]
    names = [topics.name(district, kit.KIND) for district in districts]
    pattern = rf"^clearwater\.({'|'.join(districts)})\."
    with (
        closing(kafka.Producer(platform.connection)) as producer,
        closing(kafka.Subscription(platform.connection, group=f"many-{uuid4()}", topics=pattern)) as subscription,
    ):
        producer.publish([kit.message(str(uuid4()), 1, topic=name) for name in names])
        read = eventually(lambda: subscription.poll(0.5))
        while len(read) < len(names):
            read = [*read, *subscription.poll(0.5)]
        eventually(lambda: set(names) <= set(subscription.lag()))
        assert sum(subscription.lag().values()) == 0

        asks: list[object] = []
        ask = KafkaConsumer.position
        monkeypatch.setattr(
            KafkaConsumer, "position", lambda self, *given, **more: asks.append(given) or ask(self, *given, **more)
        )
        behind = subscription.lag()
        at_rest = len(asks)
        producer.publish([kit.message(str(uuid4()), 1, topic=names[0])])
        read = eventually(lambda: subscription.poll(0.5))
        after = subscription.lag()

    assert len(behind) > 3
    assert at_rest == 0
    assert (len(read), sum(after.values())) == (1, 0)
    assert len(asks) == 1
