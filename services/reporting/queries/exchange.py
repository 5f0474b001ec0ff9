"""What an agency may read of the exchange log: the grants in force, and the log's entries under them.

Invariant: the grants are read in the same snapshot as the entries. A type outside of them never leaves; a number that the filter
leaves out is named with the next entry, or as the rest at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from services.reporting.store.granted_types import types_of
from shared.messaging.ports import Message
from shared.refusal import Refused
from shared.service.database import Transaction

_FILLED_SECONDS = 60  # a log that is not whole waits for a person: a reader asks once a minute
_SCANNED = 10_000  # numbers that one request looks at, however few of them are granted
_GRANTS = text("""
    select audiences, event_types from agency_grants join agency_clients using (district, agency)
    where district = :district and client_id = :client_id and starts_at <= :now and ends_at > :now
""")
_STANDING = text("select epoch, last_number, whole from exchange_numbers where district = :district")
_REACHED = text("select district, epoch, last_number from exchange_numbers")
_ENTRIES = text("""
    select number, feed_number, event_id, topic, key, sequence, type, payload, headers from exchange_log
    where district = :district and epoch = :epoch and number > :after and number <= :until and type = any(:types)
    order by number limit :limit
""")


class Place(NamedTuple):
    """A place in a district's log: everything up to `number` has been read. A later epoch is after every place of a former one."""

    epoch: int
    number: int


@dataclass(frozen=True)
class Entry:
    """`skipped`: the numbers directly before it that the filter left out, as (first, last)."""

    number: int
    feed_number: int
    message: Message
    skipped: tuple[int, int] | None


@dataclass(frozen=True)
class Part:
    """`more`: the log held further numbers when this was read. `types`: those that the filter let through."""

    entries: Sequence[Entry]
    reached: Place
    skipped: tuple[int, int] | None
    more: bool
    types: frozenset[str]


def granted_types(tx: Transaction, district: str, client_id: str, *, now: datetime) -> frozenset[str]:
    """Refused grant-missing where no grant is in force, as for a district that does not exist."""
    values = {"district": district, "client_id": client_id, "now": now}
    found = types_of(tx.connection.execute(_GRANTS, values))
    if not found:
        raise Refused("grant-missing")
    return found


def part(tx: Transaction, district: str, after: Place | None, *, types: frozenset[str], limit: int) -> Part:
    """Refused: log-began-anew, log-not-whole."""
    epoch, last_number = standing(tx, district)
    after = after or Place(epoch, 0)
    if after.epoch != epoch or after.number > last_number:
        raise Refused("log-began-anew")
    until = min(last_number, after.number + _SCANNED)
    values = {"district": district, "epoch": epoch, "after": after.number, "until": until, "types": sorted(types)}
    rows = tx.connection.execute(_ENTRIES, {**values, "limit": limit}).all()
    reached = rows[-1].number if len(rows) == limit else until
    entries, before = [], after.number
    for number, feed_number, *message in rows:
        entries.append(Entry(number, feed_number, Message(*message), _between(before, number)))
        before = number
    return Part(entries, Place(epoch, reached), _between(before, reached + 1), reached < last_number, types)


def standing(tx: Transaction, district: str) -> Place:
    """The last place of the log. Refused log-not-whole."""
    found = tx.connection.execute(_STANDING, {"district": district}).one_or_none()
    if found and not found.whole:
        raise Refused("log-not-whole", retry_after_seconds=_FILLED_SECONDS)
    return Place(found.epoch, found.last_number) if found else Place(1, 0)


def reached(tx: Transaction) -> dict[str, Place]:
    """The last place of each district that the transaction sees."""
    return {row.district: Place(row.epoch, row.last_number) for row in tx.connection.execute(_REACHED)}


def _between(before: int, after: int) -> tuple[int, int] | None:
    return (before + 1, after - 1) if after - before > 1 else None
