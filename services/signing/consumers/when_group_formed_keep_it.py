"""Stores a signing group that was formed or changed, to show who is responsible for a case."""

from services.signing.store import assignments
from shared.events.registry import GroupFormed
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def when_group_formed_keep_it(tx: Transaction, batch: Batch[GroupFormed]) -> None:
    assignments.put_groups(tx, batch.events)
