"""What a person has decided about two events under one number. Kept for ever, with the reason and who gave it.

Invariant: an event that was decided against is passed over by its consumer, whenever and however often it comes. The table outlasts a
rebuild of the read model, which is how a decision for the other event takes effect.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.messaging.ports import Message
from shared.service.database import Transaction

Decision = Literal["keep-ours", "accept-theirs"]

_PASSED_OVER = text("select event_id from decisions where consumer = :consumer and event_id = any(:ids)")
_DECIDE = text("""
    insert into decisions (consumer, topic, key, epoch, sequence, event_id, decision, reason, decided_by, district)
    values (:consumer, :topic, :key, :epoch, :sequence, :event_id, :decision, :reason, :decided_by, :district)
    on conflict (consumer, event_id) do nothing
""")


class Decided(NamedTuple):
    """`event_ids`: the foreign events that it is about; None = all diverged events of the key."""

    decision: Decision
    reason: str
    decided_by: str
    event_ids: frozenset[UUID] | None = None

    def concerns(self, event_id: UUID) -> bool:
        return self.event_ids is None or event_id in self.event_ids


def passed_over(tx: Transaction, consumer: str, ids: Iterable[UUID]) -> frozenset[UUID]:
    """The events among `ids` that a decision passes over."""
    return frozenset(tx.connection.execute(_PASSED_OVER, {"consumer": consumer, "ids": list(ids)}).scalars())


def decide(tx: Transaction, consumer: str, decided: Decided, *, place: Message, against: UUID) -> None:
    """Records that event `against` is passed over from now on, under the number of `place`."""
    number = {"topic": place.topic, "key": place.key, "epoch": place.epoch, "sequence": place.sequence}
    person = {"decision": decided.decision, "reason": decided.reason, "decided_by": decided.decided_by}
    tx.connection.execute(
        _DECIDE, {"consumer": consumer, "district": tx.district, **number, **person, "event_id": against}
    )
