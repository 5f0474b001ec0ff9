"""The group's offsets go back to zero on a real broker: does anybody get a message twice?"""

from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from services.notify.consumers import KINDS, reactions
from services.notify.store.contacts import Opener
from shared.events import topics
from shared.messaging import kafka
from shared.messaging.consumer import Consumer
from tests.support.eventually import eventually
from tests.support.owners import PRIVATE, Owner, Story


def test_rewinding_the_group_to_the_first_record_resends_nothing(notify, platform):
    district, group = platform.topics(), f"notify-{uuid4()}"
    story, unit_id, owner = Story(district), uuid4(), Owner()
    notify.district = district
    notify.dispatcher._districts = [district]
    facts = [story.project(), story.unit(unit_id, owner), story.contact(owner), story.key(owner)]
    producer = kafka.Producer(platform.connection)
    assert not producer.publish([*facts, story.signed(unit_id, owner)])
    producer.close()

    first = read_until(notify, platform, group, records=5)
    notify.dispatches()
    assert notify.states() == [("sent", "mail", None)]

    set_back(platform.connection, group, district)
    again = read_until(notify, platform, group, records=5)
    notify.dispatches()

    assert (first, again) == (5, 5)  # all of it was read twice
    assert notify.states() == [("sent", "mail", None)] and len(notify.mail.arrived) == 1
    assert notify.event_types() == ["message.planned.v1", "message.sent.v1"]


def read_until(notify, platform, group, *, records):
    pattern = topics.pattern(*KINDS).replace("[0-9]{6}", notify.district)
    subscription = kafka.Subscription(platform.connection, group=group, topics=pattern)
    table = reactions(opener=Opener(PRIVATE), clock=notify.clock)
    consumer, read = Consumer(group, notify.engine, subscription, table), [0]

    def enough():
        read[0] += consumer.run_once()
        return read[0] >= records

    eventually(enough)
    subscription.close()
    return read[0]


def set_back(connection, group, district):
    reader = KafkaConsumer(**connection, group_id=group, enable_auto_commit=False)
    places = [
        TopicPartition(name, number)
        for kind in KINDS
        for name in [topics.name(district, kind)]
        for number in reader.partitions_for_topic(name) or ()
    ]
    reader.assign(places)
    reader.commit({place: OffsetAndMetadata(0, "", -1) for place in places})
    reader.close()
