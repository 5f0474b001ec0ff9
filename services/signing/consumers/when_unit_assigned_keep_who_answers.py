"""Stores the group and officer assigned to a unit (责任田)."""

from collections.abc import Sequence

from services.signing.consumers.reading import events
from services.signing.store import assignments
from shared.events.registry import UnitAssigned
from shared.messaging.ports import Message
from shared.service.database import Transaction


def when_unit_assigned_keep_who_answers(tx: Transaction, messages: Sequence[Message]) -> None:
    assignments.put_units(tx, events(UnitAssigned, messages))
