"""Stores the group and officer assigned to a unit (责任田)."""

from services.signing.store import assignments
from shared.events.registry import UnitAssigned
from shared.messaging.reactions import Batch
from shared.service.database import Transaction


def when_unit_assigned_keep_who_answers(tx: Transaction, batch: Batch[UnitAssigned]) -> None:
    assignments.put_units(tx, batch.events)
