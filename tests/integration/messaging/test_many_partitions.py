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


def test_the_lag_is_known_without_asking_for_a_position(platform: Platform, monkeypatch: pytest.MonkeyPatch):
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
        producer.publish([kit.message(str(uuid4()), 1, topic=names[0])])
        read = eventually(lambda: subscription.poll(0.5))
        after = subscription.lag()

    assert len(behind) > 3
    assert (len(read), sum(after.values())) == (1, 0)
    assert asks == []


def test_fetched_records_count_as_unread_until_they_are_polled(platform: Platform):
    topic, key = topics.name(platform.topics(), kit.KIND), str(uuid4())
    with (
        closing(kafka.Producer(platform.connection)) as producer,
        closing(
            kafka.Subscription(platform.connection, group=f"few-{uuid4()}", topics=f"^{topic}$", batch=1)
        ) as subscription,
    ):
        producer.publish([kit.message(key, number, topic=topic) for number in (1, 2, 3)])
        counted = []
        for _ in range(3):
            assert len(eventually(lambda: subscription.poll(0.5))) == 1
            counted.append(subscription.lag()[topic])

    assert counted == [2, 1, 0]
