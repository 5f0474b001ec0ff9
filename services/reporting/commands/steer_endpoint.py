"""What an agency's engineer does with an endpoint: switches it on again, has a test event sent."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from services.reporting.domain.webhook_body import TEST_TYPE
from services.reporting.store import deliveries, endpoint_states
from shared.refusal import Refused
from shared.service.database import Transaction

MOST_TESTS: Final = 60  # of an endpoint in an hour
_HOUR: Final = timedelta(hours=1)
_RETRY_SECONDS: Final = 60


def switch_on(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> None:
    """The handshake is repeated; after it everything that waits is sent, in order. Whatever was given up has three days again.

    After a new epoch of the log it is given everything from the first number on, under the new numbers.
    """
    endpoint_states.switch_on(tx, endpoint_id, now=now)
    deliveries.void_former(tx, endpoint_id, now=now)
    deliveries.try_afresh(tx, endpoint_id)


def send_test(tx: Transaction, endpoint_id: UUID, *, now: datetime) -> UUID:
    """Refused tests-too-many."""
    if deliveries.tests_since(tx, endpoint_id, now - _HOUR) >= MOST_TESTS:
        raise Refused("tests-too-many", most=MOST_TESTS, retry_after_seconds=_RETRY_SECONDS)
    event_id = uuid7()
    deliveries.add_test(tx, endpoint_id, event_id, event_type=TEST_TYPE, now=now)
    return event_id
