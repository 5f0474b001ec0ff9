"""Stores a signing group that was formed or changed, to show who is responsible for a case."""

from collections.abc import Sequence

from services.signing.consumers.reading import events
from services.signing.store import assignments
from shared.events.registry import GroupFormed
from shared.messaging.ports import Message
from shared.service.database import Transaction


def when_group_formed_keep_it(tx: Transaction, messages: Sequence[Message]) -> None:
    assignments.put_groups(tx, events(GroupFormed, messages))
