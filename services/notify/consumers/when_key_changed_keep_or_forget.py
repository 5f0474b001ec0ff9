"""registry-key: stores a person's data key, wrapped for notify. When the key is deleted, forgets the person and confirms it."""

from services.notify.commands.drop_key import DropKey, drop_key
from services.notify.commands.plan_messages import PlanMessages, plan_messages
from services.notify.store import known
from services.notify.store.contacts import READER, Opener
from shared.events.registry import KeyDeleted, KeyWrapped
from shared.messaging.reactions import Batch
from shared.service.clock import Clock
from shared.service.database import Transaction


def when_key_wrapped_keep_it(tx: Transaction, batch: Batch[KeyWrapped], *, opener: Opener, clock: Clock) -> None:
    # Ignore keys that were not wrapped for notify.
    known.keys_wrapped(tx, [event for event in batch.events if READER in event.wrapped], reader=READER)
    plan_messages(tx, PlanMessages(clock.now()), opener=opener)


def when_key_deleted_forget(tx: Transaction, batch: Batch[KeyDeleted], *, clock: Clock) -> None:
    for deleted in batch.one_by_one():
        drop_key(tx, DropKey(deleted.event.person_id, at=clock.now()))
