"""The headers of an event: CloudEvents 1.0, Kafka binding, binary mode.

    content-type, ce_specversion, ce_id, ce_type, ce_source, ce_subject, ce_time, ce_dataschema, ce_sequence,
    ce_partitionkey, ce_epoch, and where known ce_correlationid, ce_causationid, ce_traceparent

Invariant: the headers alone say who wrote a record, which event it is and its place in the order of its key.
Left to others: counting the sequence (service/journal.py), the value (codec.py).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from shared.events import catalogue, topics

CONTENT_TYPE = "application/json"
_LARGEST = {"sequence": 2**63 - 1, "epoch": 2**31 - 1}  # what the inbox can hold
_DIGITS = 20  # int() refuses thousands of them with an error of its own
_FIRST_YEAR, _LAST_YEAR = 1970, 9998  # a day earlier or later is still one in every time zone
_GIVEN = ("time", "epoch", "correlationid", "causationid", "traceparent")
_REQUIRED = (
    "specversion",
    "id",
    "type",
    "source",
    "subject",
    "time",
    "dataschema",
    "sequence",
    "partitionkey",
    "epoch",
)


class Unreadable(Exception):  # noqa: N818 - it is an answer, not an error
    """A record whose headers cannot be read. `reason` is a stable code with the header concerned."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Enveloped(Protocol):
    """What `encode` needs of a message. `headers` holds what only the emitter knows: time, epoch, three traces."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class Envelope(NamedTuple):
    """The decoded headers. Its fields are those of a message without the payload."""

    event_id: UUID
    topic: str
    key: str
    sequence: int
    type: str
    headers: Mapping[str, str]


def schema_of(event_type: str) -> str:
    """`ce_dataschema`, an absolute URI as CloudEvents wants it: the `$id` of the published schema (decision 36)."""
    return f"urn:clearwater:schema:{event_type}"


def attributes_of(message: Enveloped) -> dict[str, str]:
    """The attributes of the CloudEvent without its data, in the order of writing. Raises ValueError as `encode` does."""
    given = {attribute: message.headers[attribute] for attribute in _GIVEN if message.headers.get(attribute)}
    if not {"time", "epoch"} <= given.keys():
        raise ValueError(f"{message.type}: headers need time and epoch, got {sorted(message.headers)}")
    return {
        "specversion": "1.0",
        "id": str(message.event_id),
        "type": message.type,
        "source": f"/{topics.district(message.topic)}/{topics.kind(message.topic).owner}",
        "subject": message.key,
        "dataschema": schema_of(message.type),
        "sequence": f"{message.sequence:020}",  # the extension wants it sortable as text
        "partitionkey": message.key,
        **given,
    }


def encode(message: Enveloped) -> list[tuple[str, bytes]]:
    """Raises ValueError when `message.headers` lacks time or epoch, or the topic is not ours."""
    return [
        ("content-type", CONTENT_TYPE.encode()),
        *((f"ce_{name}", value.encode()) for name, value in attributes_of(message).items()),
    ]


def decode(topic: str, key: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Raises Unreadable: no-key, no-header, bad-header, wrong-topic, wrong-key, unknown-type."""
    attributes = _attributes(headers)
    for name in _REQUIRED:
        if name not in attributes:
            raise Unreadable(f"no-header: ce_{name}")
    if attributes["specversion"] != "1.0":
        raise Unreadable("bad-header: ce_specversion")
    _check_type(topic, attributes)
    return Envelope(
        event_id=_id(attributes["id"]),
        topic=topic,
        key=_key(key, attributes["partitionkey"]),
        sequence=_number("sequence", attributes["sequence"]),
        type=attributes["type"],
        headers=_given(attributes),
    )


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    attributes = {}
    for name, value in headers:
        if not name.startswith("ce_"):
            continue
        try:
            attributes[name.removeprefix("ce_")] = (value or b"").decode()
        except UnicodeDecodeError as refusal:
            raise Unreadable(f"bad-header: {name}") from refusal
    return attributes


def _check_type(topic: str, attributes: Mapping[str, str]) -> None:
    try:
        declared = catalogue.find(attributes["type"]).declared
    except KeyError:
        raise Unreadable("unknown-type: ce_type") from None
    try:
        kind, district = topics.kind(topic), topics.district(topic)
    except ValueError:
        raise Unreadable("wrong-topic") from None
    if declared.topic != kind.kind or attributes["source"] != f"/{district}/{kind.owner}":
        raise Unreadable("wrong-topic")


def _key(key: bytes | None, partition_key: str) -> str:
    if not key:
        raise Unreadable("no-key")
    if key != partition_key.encode():
        raise Unreadable("wrong-key: ce_partitionkey")
    return partition_key


def _given(attributes: Mapping[str, str]) -> dict[str, str]:
    _number("epoch", attributes["epoch"])
    try:
        instant = datetime.fromisoformat(attributes["time"])
        instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("bad-header: ce_time") from None
    if instant.tzinfo is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise Unreadable("bad-header: ce_time")
    return {name: attributes[name] for name in _GIVEN if name in attributes}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unreadable("bad-header: ce_id") from None


def _number(name: str, text: str) -> int:
    # isdecimal alone admits other scripts' digits.
    if not (len(text) <= _DIGITS and text.isascii() and text.isdecimal()) or not 1 <= int(text) <= _LARGEST[name]:
        raise Unreadable(f"bad-header: ce_{name}")
    return int(text)
