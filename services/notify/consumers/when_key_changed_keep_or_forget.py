"""registry-key: stores a person's data key, wrapped for notify. When the key is deleted, forgets the person and confirms it."""

from collections.abc import Sequence

from services.notify.commands.drop_key import DropKey, drop_key
from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import READER, Opener
from shared.events import codec
from shared.events.registry import KeyDeleted, KeyWrapped
from shared.messaging.ports import Message
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_key_wrapped_keep_it(tx: Transaction, messages: Sequence[Message], *, opener: Opener, clock: Clock) -> None:
    wrapped = [codec.decode(KeyWrapped, message.payload) for message in messages]
    # Ignore keys that were not wrapped for notify.
    known.keys_wrapped(tx, [event for event in wrapped if READER in event.wrapped], reader=READER)
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)


def when_key_deleted_forget(tx: Transaction, messages: Sequence[Message], *, clock: Clock) -> None:
    for message in messages:
        deleted = codec.decode(KeyDeleted, message.payload, key=message.key)
        drop_key(tx, DropKey(deleted.person_id, at=clock.now()))
