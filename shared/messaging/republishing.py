"""Writes a service's topics again from its journal, in order, where the topics have lost events: `republish`.

After the broker lost its storage, or after a restore. An event that is on its topic is left alone, so a second run changes nothing. What
is written again leaves through the relay under its own id and number: a repeat for every reader that has applied it. It also names the
events that a topic has and the journal has not: what a restore to an earlier moment has lost.
Left to others: sending (relay.py), what a reader does with them (inbox.judge).
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from shared.events import topics
from shared.messaging.ports import Message, Reader, Unavailable
from shared.service import journal

_BEGINNING = datetime.fromtimestamp(0, UTC)
_BATCH = 5_000
# Of a compacted topic only the newest event of a key counts: a deleted key's former value is not written again.
_JOURNAL = text("""
    select id, event_id, topic, key, sequence, sequence = last_sequence as is_newest
    from events join event_keys using (topic, key) where id > :after order by id limit :batch
""")


def command(
    argv: Sequence[str], service: str, mechanism: Engine, reader: Reader, *, show_line: Callable[[str], None]
) -> int:
    """`python -m services.<service> republish`. Returns the exit code; 1 = nothing was done."""
    argparse.ArgumentParser(prog="republish", description="Write lost events to the topics again.").parse_args(argv)
    try:
        on_topics = _on_topics(reader, service)
    except Unavailable as refusal:
        show_line(f"nothing was done: {refusal}")
        return 1
    with mechanism.begin() as connection:
        again = _written_again(connection, on_topics)
    show_line(f"{again} events are written to the topics again")
    for message in on_topics.values():
        show_line(
            f"lost: {message.event_id} {message.type} {message.topic} {message.key} {message.epoch}/{message.sequence}"
        )
    return 0


def _on_topics(reader: Reader, service: str) -> dict[UUID, Message]:
    found = reader.read(topics.pattern(*topics.written_by(service)), since=_BEGINNING)
    return {record.event_id: record._replace(payload=None) for record in found if isinstance(record, Message)}


def _written_again(connection: Connection, on_topics: dict[UUID, Message]) -> int:
    """Takes from `on_topics` what the journal has, and hands the rest of the journal to the relay. Returns how many."""
    again = 0
    for rows in _batches(connection):
        missing = [row.id for row in rows if on_topics.pop(row.event_id, None) is None and _counts(row)]
        again += journal.send_again(connection, missing)
    return again


def _counts(row: Row[tuple[object, ...]]) -> bool:
    return bool(row.is_newest or not topics.kind(row.topic).compacted)


def _batches(connection: Connection) -> Iterator[Sequence[Row[tuple[object, ...]]]]:
    after = 0
    while rows := connection.execute(_JOURNAL, {"after": after, "batch": _BATCH}).all():
        yield rows
        after = rows[-1].id
