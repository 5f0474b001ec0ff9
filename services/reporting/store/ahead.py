"""What a shadow has applied before the live consumer: at the swap it gets the numbers that the live one would have given it.

Invariant: after the swap the live consumer takes these events for repeats, so nobody else would give them a feed number, a log
number or a frozen report.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from shared.events import topics
from shared.messaging.inbox import Key, key_of
from shared.messaging.ports import Message
from shared.messaging.reactions import Received
from shared.service.database import Transaction

_MARKS = """
    select topic, key, epoch, last_sequence from {}.inbox
    join unnest(cast(:topics as text[]), cast(:keys as text[])) as named (topic, key) using (topic, key)
    where consumer = :consumer
"""
_Marks = Mapping[Key, tuple[int, int]]


class Ahead:
    """Of one consumer; `live` and `shadow` are the schemas of its two inboxes."""

    def __init__(self, consumer: str, *, live: str, shadow: str) -> None:
        self._consumer = consumer
        self._live, self._shadow = text(_MARKS.format(live)), text(_MARKS.format(shadow))
        self._kept: dict[UUID, Received[Any]] = {}

    def note(self, tx: Transaction, applied: Sequence[Received[Any]]) -> None:
        """Takes what the shadow has just applied, and forgets what the live consumer has applied by now."""
        kept = self._kept | {it.message.event_id: it for it in applied}
        of_district = [it for it in kept.values() if topics.district(it.message.topic) == tx.district]
        live = self._marks(tx.connection, self._live, of_district)
        reached = {
            it.message.event_id for it in of_district if _number(it.message) <= live.get(key_of(it.message), (0, 0))
        }
        self._kept = {event_id: it for event_id, it in kept.items() if event_id not in reached}

    def by_district(self, connection: Connection) -> Mapping[str, Sequence[Received[Any]]]:
        """In the order in which the shadow applied it. To be asked in the swap, while nobody else applies anything."""
        kept = list(self._kept.values())
        live, shadow = self._marks(connection, self._live, kept), self._marks(connection, self._shadow, kept)
        found: dict[str, list[Received[Any]]] = defaultdict(list)
        for it in kept:
            key, number = key_of(it.message), _number(it.message)
            if live.get(key, (0, 0)) < number <= shadow.get(key, (0, 0)):
                found[topics.district(it.message.topic)].append(it)
        return found

    def _marks(self, connection: Connection, statement: TextClause, applied: Collection[Received[Any]]) -> _Marks:
        keys = {key_of(it.message) for it in applied}
        named = {"consumer": self._consumer, "topics": [key.topic for key in keys], "keys": [key.key for key in keys]}
        rows = connection.execute(statement, named)
        return {Key(row.topic, row.key): (row.epoch, row.last_sequence) for row in rows}


def _number(message: Message) -> tuple[int, int]:
    return message.epoch, message.sequence
