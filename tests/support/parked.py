"""A key that waits in parking, made without a broker."""

from uuid import UUID

from sqlalchemy import Engine

from shared.messaging import inbox, parking
from shared.messaging.inbox import Watermark, key_of
from shared.messaging.parked_api import KEY, TOPIC
from shared.messaging.ports import Message
from shared.service import database
from tests.support import kit


def topic_in(district: str) -> str:
    """Of the examples' topic."""
    return TOPIC.replace("440303", district)


def waiting_key(engine: Engine, consumer: str, district: str) -> None:
    """The key of the description's examples, with one event that nobody reacts to: a redrive applies it."""
    message = kit.message(KEY, 1, topic=topic_in(district), event=kit.Passed(unit_id=UUID(KEY)))
    park(engine, consumer, district, message)


def park(
    engine: Engine, consumer: str, district: str, *messages: Message, reason: str = "requeued", ours: UUID | None = None
) -> None:
    """Parks these messages of one key. The first is the next of its key, unless its number is above 1."""
    key = key_of(messages[0])
    with database.begin(engine, district=district) as tx:
        inbox.share(tx)
        mark = inbox.lock(tx, consumer, [key])[key]
        for message in messages:
            parking.park(tx, consumer, message, reason=reason, ours=ours)
        reached = Watermark(mark.epoch, messages[0].sequence - 1, ours, parked=True)
        inbox.move(tx, consumer, {key: reached})
