"""Does the broker in memory behave like Kafka? Every test runs against both."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from shared.events import envelope, topics
from shared.messaging import credentials, kafka, memory
from shared.messaging.ports import SILENT_SECONDS, Message, Subscription, Unavailable, Unreadable
from tests.support import kit, raw_kafka
from tests.support.eventually import eventually
from tests.support.platform import Platform

A_KEY, ANOTHER = str(uuid4()), str(uuid4())


@pytest.fixture(params=["memory", "kafka"])
def broker(request: pytest.FixtureRequest) -> SimpleNamespace:
    """A district of its own; `append` writes a raw record, `new_district` makes the topics of one more district."""
    if request.param == "memory":
        return of_memory()
    platform = request.getfixturevalue("platform")
    return of_kafka(platform)


def of_memory() -> SimpleNamespace:
    made, numbers = memory.Broker(), itertools.count(440_303)

    def new_district() -> str:
        district = str(next(numbers))
        for kind in topics.KINDS.values():
            made.create(topics.name(district, kind.kind), kind.partitions)
        return district

    return SimpleNamespace(
        district=new_district(),
        new_district=new_district,
        producer=lambda: memory.Producer(made),
        subscription=lambda group, pattern: memory.Subscription(made, group=group, topics=pattern),
        reader=lambda: memory.Reader(made),
        append=made.append,
    )


def of_kafka(platform: Platform) -> SimpleNamespace:
    connection = platform.connection
    return SimpleNamespace(
        district=platform.topics(),
        new_district=platform.topics,
        producer=lambda: kafka.Producer(connection),
        subscription=lambda group, pattern: kafka.Subscription(connection, group=group, topics=pattern),
        reader=lambda: kafka.Reader(connection),
        append=lambda *record: raw_kafka.append(connection, *record),
    )


@pytest.fixture
def topic(broker: SimpleNamespace) -> str:
    return topics.name(broker.district, kit.KIND)


@pytest.fixture
def producer(broker: SimpleNamespace) -> Iterator[memory.Producer]:
    with closing(broker.producer()) as made:
        yield made


@pytest.fixture
def reads(broker: SimpleNamespace) -> Iterator[Callable[..., Subscription]]:
    made: list[Subscription] = []

    def subscribe(group: str, district: str = broker.district) -> Subscription:
        made.append(broker.subscription(group, rf"^clearwater\.{district}\.{kit.KIND}$"))
        return made[-1]

    yield subscribe
    for item in made:
        item.close()


def polled(subscription: Subscription, count: int, *, polls: int = 40) -> Sequence[Message | Unreadable]:
    found: list[Message | Unreadable] = []
    for _ in range(polls):
        if len(found) >= count:
            break
        found.extend(subscription.poll(0.5))
    return found


def test_a_message_arrives_as_it_was_sent(producer, reads, topic):
    sent = kit.message(A_KEY, 1, topic=topic)._replace(
        headers={
            "time": datetime.now(UTC).isoformat(),
            "epoch": "7",
            "correlationid": "c-1",
            "causationid": str(uuid4()),
        }
    )
    assert producer.publish([sent]) == []

    (found,) = polled(reads("g1" + A_KEY), 1)

    assert found[:7] == sent[:7]
    assert (found.epoch, found.partition >= 0, found.offset) == (7, True, 0)


def test_a_tombstone_has_no_payload(producer, reads, topic):
    producer.publish([kit.message(A_KEY, 1, topic=topic)._replace(payload=None)])

    assert polled(reads("g2" + A_KEY), 1)[0].payload is None


def test_a_key_keeps_its_order(producer, reads, topic):
    keys = [str(uuid4()) for _ in range(20)]
    producer.publish([kit.message(key, number, topic=topic) for number in range(1, 11) for key in keys])

    found = polled(reads("g3" + A_KEY), 200)

    assert len(found) == 200
    for key in keys:
        assert [message.sequence for message in found if message.key == key] == list(range(1, 11))


def test_uncommitted_messages_are_delivered_again(producer, reads, topic):
    producer.publish([kit.message(A_KEY, 1, topic=topic)])
    first = reads("g4" + A_KEY)
    assert len(polled(first, 1)) == 1
    first.close()
    second = reads("g4" + A_KEY)
    assert len(polled(second, 1)) == 1
    second.commit()
    second.close()

    producer.publish([kit.message(A_KEY, 2, topic=topic)])
    assert [message.sequence for message in polled(reads("g4" + A_KEY), 1)] == [2]


def test_two_groups_each_read_everything_and_two_readers_of_one_group_share(producer, reads, topic):
    group = "g5" + A_KEY
    one, two = reads(group), reads(group)
    producer.publish([kit.message(str(uuid4()), 1, topic=topic) for _ in range(100)])
    found: list[Message] = []
    lock = threading.Lock()

    def read(subscription: Subscription) -> None:
        for _ in range(12):
            if len(found) >= 100:
                break
            some = subscription.poll(0.5)
            subscription.commit()
            with lock:
                found.extend(some)

    readers = [threading.Thread(target=read, args=(item,)) for item in (one, two)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert len({message.event_id for message in found}) == 100
    assert len({message.event_id for message in polled(reads("other" + A_KEY), 100)}) == 100


def test_an_unknown_topic_is_refused_and_its_key_not_overtaken(broker, producer, reads, topic):
    nowhere = topics.name("999999", kit.KIND)
    sent = [
        kit.message(A_KEY, 1, topic=nowhere),
        kit.message(A_KEY, 1, topic=topic),
        kit.message(A_KEY, 2, topic=nowhere),
    ]

    refused = producer.publish(sent)

    assert [(refusal.message.event_id, refusal.reason) for refusal in refused] == [(sent[0].event_id, "unknown-topic")]
    assert [message.topic for message in polled(reads("g6" + A_KEY), 1)] == [topic]


def test_a_message_that_is_too_large_holds_its_own_key_only(producer, reads, topic):
    large = kit.message(A_KEY, 1, topic=topic)._replace(payload=b"x" * 1_200_000)

    refused = producer.publish([large, kit.message(A_KEY, 2, topic=topic), kit.message(ANOTHER, 1, topic=topic)])

    assert [refusal.reason for refusal in refused] == ["too-large"]
    assert [message.key for message in polled(reads("g7" + A_KEY), 1)] == [ANOTHER]


BAD = [
    ("no-key", None, {}),
    ("no-header: ce_id", b"k", {"ce_id": None}),
    ("bad-header: ce_sequence", b"k", {"ce_sequence": b"one"}),
    ("bad-header: ce_sequence", b"k", {"ce_sequence": b"9" * 30}),
    ("zero-character", b"k", {"ce_correlationid": b"a\0b"}),
    ("bad-header: ce_source", b"k", {"ce_source": b"\xff\xfe"}),
]


@pytest.mark.parametrize("bad", BAD, ids=[item[0] for item in BAD])
def test_an_unreadable_record_is_handed_over_unchanged(broker, reads, topic, bad):
    reason, key, changed = bad
    headers = dict(envelope.encode(kit.message("k", 1, topic=topic, event=kit.Happened(unit_id=uuid4()))))
    record = [(name, value) for name, value in {**headers, **changed}.items() if value is not None]
    broker.append(topic, key, record, b"value")

    (found,) = polled(reads("g8" + A_KEY), 1)

    assert isinstance(found, Unreadable)
    assert (found.reason, found.key, list(found.headers), found.value) == (reason, key, record, b"value")


def test_a_message_of_an_unknown_type_is_delivered(broker, reads, topic):
    headers = dict(envelope.encode(kit.message("k", 1, topic=topic, event=kit.Happened(unit_id=uuid4()))))
    broker.append(topic, b"k", list({**headers, "ce_type": b"clearwater.signing.case.blessed.v1"}.items()), b"{}")

    (found,) = polled(reads("g9" + A_KEY), 1)

    assert (found.type, found.sequence) == ("clearwater.signing.case.blessed.v1", 1)


def test_the_lag_counts_messages_that_were_not_polled(producer, reads, topic):
    subscription = reads("g10" + A_KEY)
    producer.publish([kit.message(A_KEY, number, topic=topic) for number in range(1, 6)])
    assert len(polled(subscription, 5)) == 5

    assert sum(subscription.lag().values()) == 0


def test_a_subscription_sees_the_wanted_topics_that_exist(broker, producer, topic):
    other = topics.name(broker.district, "registry-unit")
    nowhere = topics.name(str(900_000 + uuid4().int % 90_000), kit.KIND)
    wanted = f"^({topic}|{other}|{nowhere})$".replace(".", r"\.")
    producer.publish([kit.message(A_KEY, 1, topic=topic)])  # otherwise the first poll times out
    with closing(broker.subscription("g12" + A_KEY, wanted)) as subscription:
        polled(subscription, 1)

        assert subscription.pattern == wanted
        assert subscription.seen() == {topic, other}


def test_a_topic_created_later_is_found(broker, producer, reads):
    subscription = reads("g11" + A_KEY, r"[0-9]{6}")
    polled(subscription, 1, polls=1)
    topic = topics.name(broker.new_district(), kit.KIND)
    assert producer.publish([kit.message(A_KEY, 1, topic=topic)]) == []

    found: list[Message | Unreadable] = []
    for _ in range(60):
        found.extend(item for item in subscription.poll(0.5) if item.topic == topic)
        if found:
            break

    assert [message.topic for message in found] == [topic]


def test_a_reader_sees_everything_and_leaves_no_trace(broker, producer, reads, topic):
    since = datetime.now(UTC) - timedelta(minutes=1)
    producer.publish([kit.message(str(uuid4()), 1, topic=topic) for _ in range(30)])
    wanted = f"^({topic}|{topics.name('999999', kit.KIND)})$".replace(".", r"\.")

    for _ in range(2):
        found = list(broker.reader().read(wanted, since=since))
        assert len({message.event_id for message in found}) == 30


def test_a_reader_resumes_where_it_stopped(broker, producer, topic, caplog):
    since, reader = datetime.now(UTC) - timedelta(minutes=1), broker.reader()
    for count in (3, 0, 2):
        sent = [kit.message(str(uuid4()), 1, topic=topic) for _ in range(count)]
        assert producer.publish(sent) == []
        found = list(reader.read(f"^{topic}$", since=since))
        assert {message.event_id for message in found} == {message.event_id for message in sent}
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_broker_that_answers_is_known_to_have_answered(producer, reads, topic):
    """Each poll at the end of the topics is proof that nothing more was there."""
    producer.ask()
    subscription = reads("g")
    producer.publish([kit.message(A_KEY, 1, topic=topic)])
    assert subscription.known_at() is None
    assert len(eventually(lambda: subscription.poll(0.5))) == 1

    first = eventually(lambda: (subscription.poll(0.5), subscription.known_at())[1])
    again = eventually(lambda: (subscription.poll(0.5), subscription.known_at() > first)[1])

    assert again
    assert subscription.lag() == {topic: 0}
    assert subscription.silent_seconds() < SILENT_SECONDS
    assert first < subscription.known_at() <= time.monotonic()


def test_an_unreachable_broker_is_reported_as_unavailable():
    away = memory.Broker()
    away.create("clearwater.440303." + kit.KIND)
    away.away = True
    nowhere = credentials.connection("127.0.0.1:1", user="tests", password="x")
    message = kit.message(A_KEY, 1, topic="clearwater.440303." + kit.KIND)
    for producer in (memory.Producer(away), kafka.Producer(nowhere)):
        with pytest.raises(Unavailable):
            producer.publish([message])
        with pytest.raises(Unavailable):
            producer.ask()
    for subscription in (
        memory.Subscription(away, group="g", topics=".*"),
        kafka.Subscription(nowhere, group="g", topics=".*"),
    ):
        with pytest.raises(Unavailable):
            subscription.poll(0.1)
