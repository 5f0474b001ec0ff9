"""Reads a broker's record as a Message, or as Unreadable. kafka.py, memory.py and the quarantine share it."""

from collections.abc import Sequence

from shared.events import catalogue, contract, envelope, topics
from shared.messaging.ports import Message, Unreadable

_TYPE = "ce_type"
_MAX_KEY = 500  # characters; an index takes 2,700 bytes
_MAX_NUMBER = 2**63 - 1


def read(record: Unreadable) -> Message | Unreadable:
    """`record` is a record as it came, whose reason does not matter yet."""
    try:
        opened = _open(record)
        _storable(opened)
    except envelope.Unreadable as refusal:
        return record._replace(reason=refusal.reason)
    return Message(*opened[:5], record.value, opened.headers, record.partition, record.offset)


def _open(record: Unreadable) -> envelope.Envelope:
    known = {name: value for name, value in record.headers if name == _TYPE}.get(_TYPE) or b""
    name = known.decode(errors="replace")
    stand_in = _some_type_of(record.topic)
    if name in contract.catalogue or not name or stand_in is None:
        return envelope.decode(record.topic, record.key, record.headers)
    # The type may be of a later release: the consumer judges it. The other headers must be right.
    return envelope.decode(record.topic, record.key, _renamed(record.headers, stand_in))._replace(type=name)


def _storable(opened: envelope.Envelope) -> None:
    """Refuses what a table cannot hold: it would stop the consumer for ever."""
    if len(opened.key) > _MAX_KEY or max(opened.sequence, int(opened.headers["epoch"]) << 32) > _MAX_NUMBER:
        raise envelope.Unreadable("out-of-range")
    if any("\0" in value for value in (opened.key, opened.type, *opened.headers.values())):
        raise envelope.Unreadable("zero-character")


def _renamed(headers: Sequence[tuple[str, bytes | None]], event_type: str) -> list[tuple[str, bytes | None]]:
    return [(name, event_type.encode() if name == _TYPE else value) for name, value in headers]


def _some_type_of(topic: str) -> str | None:
    try:
        kind = topics.kind(topic).kind
    except ValueError:
        return None
    return next((event.declared.type for event in catalogue.events() if event.declared.topic == kind), None)
