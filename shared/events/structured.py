"""An event as one JSON object: CloudEvents 1.0, structured mode, for HTTP. On Kafka it travels in binary mode (envelope.py).

Invariant: both forms say the same. The attributes are those of the headers, without `ce_`; `data` is the record's value.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.events import envelope
from shared.events.envelope import Enveloped

CONTENT_TYPE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
# Places of an event in the exchange log: over HTTP alone, as text of decimal digits.
PLACES: Final[Mapping[str, str]] = {
    "logepoch": "the epoch of the log: numbers of two epochs are not comparable",
    "lognumber": "the event's number in the log of its district, 1, 2, 3 … without a gap",
    "feednumber": "the number of the wall that shows the event",
    "skipped": "such as `7-9`: the log numbers directly before this event that its reader is not given; absent where there are none",
}


def document(message: Enveloped, payload: bytes | None, extensions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`extensions`: further attributes, their names of lower-case letters and digits. A tombstone has no `data`."""
    attributes = {
        **envelope.attributes_of(message),
        "datacontenttype": envelope.CONTENT_TYPE,
        **(extensions or {}),
    }
    return attributes if payload is None else {**attributes, "data": json.loads(payload)}


def encode(documents: Sequence[dict[str, Any]] | dict[str, Any]) -> bytes:
    """The bytes of one event, or of a batch."""
    return json.dumps(documents, ensure_ascii=False, separators=(",", ":")).encode()
