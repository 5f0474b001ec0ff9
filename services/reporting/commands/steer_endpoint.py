"""What an agency's engineer does with an endpoint: switches it on again, has events sent again, has a test event sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from services.reporting.domain.webhook_body import TEST_TYPE
from services.reporting.store import deliveries, endpoint_states
from shared.service.database import Transaction

MOST_AT_ONCE = 10_000  # events of one replay


def switch_on(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> None:
    """It is greeted again, and then given all that waits, in order. Whatever was given up has three days again."""
    endpoint_states.switch_on(tx, endpoint_id, now=now)
    deliveries.try_afresh(tx, endpoint_id)


@dataclass(frozen=True)
class Replay:
    """These events, and those that were logged in the period: from its first instant, before its second."""

    endpoint_id: UUID
    event_ids: Sequence[UUID]
    period: tuple[datetime, datetime] | None
    types: frozenset[str]


def replay(tx: Transaction, command: Replay, *, now: datetime) -> int:
    """How many events will be sent again: of the types granted now, at most MOST_AT_ONCE."""
    return deliveries.replay(
        tx,
        command.endpoint_id,
        event_ids=command.event_ids,
        period=command.period,
        types=command.types,
        most=MOST_AT_ONCE,
        now=now,
    )


def send_test(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> UUID:
    event_id = uuid7()
    deliveries.add_test(tx, endpoint_id, event_id, event_type=TEST_TYPE, now=now)
    return event_id
