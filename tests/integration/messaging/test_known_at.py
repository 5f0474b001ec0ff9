"""Does a consumer say that it knows of everything up to an instant only where it does, also after its process was frozen?"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import uuid4

from shared.events import topics
from shared.messaging import kafka
from tests.support import kit
from tests.support.eventually import eventually
from tests.support.platform import Platform


class Frozen:
    """The next answer to a fetch of this consumer lies unread, as in a process that is frozen, until it is let through."""

    def __init__(self, subscription: kafka.Subscription) -> None:
        self._fetcher = subscription._client()._fetcher
        self._read, self.lies, self.through = self._fetcher._handle_fetch_response, threading.Event(), threading.Event()
        self._fetcher._handle_fetch_response = self._answered

    def _answered(self, *given: Any) -> None:
        self.lies.set()
        assert self.through.wait(20)
        self._fetcher._handle_fetch_response = self._read
        self._read(*given)


def test_an_answer_that_lay_unread_says_nothing_of_the_time_since(platform: Platform) -> None:
    topic, instants = topics.name(platform.topics(), kit.KIND), []

    def polls_until_the_event_comes(subscription: kafka.Subscription) -> None:
        while not subscription.poll(0.0):
            instants.append(subscription.known_at())

    with (
        closing(kafka.Producer(platform.connection)) as producer,
        closing(kafka.Subscription(platform.connection, group=f"late-{uuid4()}", topics=f"^{topic}$")) as subscription,
        ThreadPoolExecutor(1) as consumer,
    ):
        producer.publish([kit.message(str(uuid4()), 1, topic=topic)])
        assert eventually(lambda: subscription.poll(0.5))
        assert eventually(lambda: subscription.poll(0.1) == [] and subscription.known_at())
        frozen = Frozen(subscription)
        polling = consumer.submit(polls_until_the_event_comes, subscription)
        assert frozen.lies.wait(20)
        written_at = time.monotonic()
        producer.publish([kit.message(str(uuid4()), 1, topic=topic)])
        frozen.through.set()
        polling.result(20)

    assert instants
    assert max(instants) <= written_at
