"""The body of a delivery: one CloudEvent, structured mode, as the feed gives it.

Held by tests/integration/reporting/test_webhooks.py.
"""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.events import structured
from shared.events.envelope import Enveloped

TEST_TYPE: Final = "clearwater.webhook.test.v1"


class Place(NamedTuple):
    """In the exchange log. `after`: the number that this endpoint was given before; those between are named as left out."""

    epoch: int
    number: int
    after: int
    feed_number: int


def of_event(event: Enveloped, payload: bytes | None, place: Place) -> bytes:
    extensions = {
        "logepoch": str(place.epoch),
        "lognumber": str(place.number),
        "feednumber": str(place.feed_number),
    }
    if place.number - place.after > 1:
        extensions["skipped"] = f"{place.after + 1}-{place.number - 1}"
    return structured.encode(structured.document(event, payload, extensions))


def of_test(event_id: UUID, *, district: str, endpoint_id: UUID, at: datetime) -> bytes:
    """It is on no topic and in no log."""
    return structured.encode(
        {
            "specversion": "1.0",
            "id": str(event_id),
            "type": TEST_TYPE,
            "source": f"/{district}/reporting",
            "subject": str(endpoint_id),
            "time": at.isoformat(),
            "datacontenttype": "application/json",
            "data": {"endpoint_id": str(endpoint_id)},
        }
    )
