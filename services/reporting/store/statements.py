"""Statements of agencies as they were signed, and what they are counted from: the exchange log and the deliveries.

Invariant: a statement is inserted once and never changed; a trigger refuses it. Those of an agency follow one another without a gap in the
log numbers, whatever days lie between them, until the log has a new epoch or the types of its grants have grown.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import text

from services.reporting.domain.statement import Act, Entry
from shared.events.registry import GrantApproved, GrantRevoked
from shared.messaging.ports import Message
from shared.messaging.reactions import Received
from shared.service.database import Transaction

_PART: Final = 10_000
_ACTS: Final = (GrantApproved.declared.type, GrantRevoked.declared.type)
# Written out as the partial index has them. The entries of one transaction are seen together: what stands there before a revocation, too,
# can never have been read under the grant that it ends.
_OF_GRANTS: Final = f"district = :district and epoch = :epoch and type in ('{_ACTS[0]}', '{_ACTS[1]}')"
_AGENCIES: Final = text(f"select distinct key from exchange_log where {_OF_GRANTS} order by key")  # noqa: S608 - constants
_HISTORY: Final = text(f"""
    select event_id, topic, key, sequence, type, payload, headers,
           coalesce(cast(headers ->> 'time' as timestamptz), appended_at) as occurred_at,
           coalesce((select max(number) from exchange_log as earlier
                     where earlier.district = acts.district and earlier.epoch = acts.epoch and earlier.number < acts.number
                       and earlier.xmin <> acts.xmin), 0) as readable
    from exchange_log as acts where {_OF_GRANTS} and key = :agency order by number
""")  # noqa: S608 - constants
_STANDING: Final = text("select epoch, last_number from exchange_numbers where district = :district and whole")
_DISTRICTS: Final = text("select district from exchange_numbers order by district")
_LOGGED_AT: Final = text("""
    select appended_at from exchange_log where district = :district and epoch = :epoch and number = :number
""")
_ENTRIES: Final = text("""
    select number, event_id, type, coalesce(cast(headers ->> 'time' as timestamptz), appended_at), appended_at from exchange_log
    where district = :district and epoch = :epoch and number > :after and number <= :last order by number limit :limit
""")
_LATEST: Final = text("""
    select business_on, epoch, last_number, event_types, signed from agency_statements
    where district = :district and agency = :agency order by business_on desc limit 1
""")
_KEEP: Final = text("""
    insert into agency_statements (district, agency, business_on, epoch, after_number, last_number, event_types, signed)
    values (:district, :agency, :business_on, :epoch, :after_number, :last_number, :event_types, :signed)
    on conflict (district, agency, business_on) do nothing
""")
_KEEP_KEY: Final = text("""
    insert into statement_keys (district, key_id, public_key) values (:district, :key_id, :public_key)
    on conflict (district, key_id) do nothing
""")
# Waiting for its endpoint, or not even planned. What is withheld is granted no more, so nobody waits for it.
_UNDELIVERED: Final = text("""
    select endpoint_id, status, (
        select count(*) from deliveries where deliveries.endpoint_id = known.endpoint_id and deliveries.epoch = known.epoch
          and state in ('waiting', 'resting') and number between 1 and :last)
      + (select count(*) from exchange_log as log where log.district = known.district and log.epoch = known.epoch
          and log.number > known.scanned and log.number <= :last and log.type = any(:event_types)
          and (endpoints.event_types = '{}' or log.type = any(endpoints.event_types))) as events
    from endpoint_states as known join endpoints using (endpoint_id, district)
    where known.district = :district and agency = :agency and known.epoch = :epoch order by endpoint_id
""")


class Latest(NamedTuple):
    """The newest statement of an agency."""

    business_on: date
    epoch: int
    last_number: int
    event_types: Sequence[str]
    signed: str


class Statement(NamedTuple):
    agency: str
    business_on: date
    epoch: int
    after_number: int
    last_number: int
    event_types: Sequence[str]
    signed: str


def districts(tx: Transaction) -> Sequence[str]:
    """Those that have a log."""
    return list(tx.connection.execute(_DISTRICTS).scalars())


def standing(tx: Transaction) -> tuple[int, int] | None:
    """Epoch and last number of the district's log; None where it lacks its beginning."""
    row = tx.connection.execute(_STANDING, {"district": tx.district}).one_or_none()
    return (row.epoch, row.last_number) if row else None


def agencies(tx: Transaction, epoch: int) -> Sequence[str]:
    """Those that were ever granted something."""
    return list(tx.connection.execute(_AGENCIES, {"district": tx.district, "epoch": epoch}).scalars())


def history(tx: Transaction, agency: str, epoch: int) -> list[Act]:
    rows = tx.connection.execute(_HISTORY, {"district": tx.district, "agency": agency, "epoch": epoch})
    return [Act(_act(Message(*message)), readable, at) for *message, at, readable in rows]


def _act(message: Message) -> GrantApproved | GrantRevoked:
    """Raises pydantic.ValidationError for what the consumer would not have applied either."""
    if message.type == GrantRevoked.declared.type:
        return Received(message, GrantRevoked).event
    return Received(message, GrantApproved).event


def last_before(tx: Transaction, epoch: int, *, after: int, ends: datetime, reached: int) -> int:
    """The last number after `after` that was given before the instant `ends`, or `after` itself. Numbers are given in the order of time."""
    while after < reached:
        middle = (after + reached + 1) // 2
        if logged_at(tx, epoch, middle) < ends:
            after = middle
        else:
            reached = middle - 1
    return after


def logged_at(tx: Transaction, epoch: int, number: int) -> datetime:
    """When an entry that is there got its number."""
    values = {"district": tx.district, "epoch": epoch, "number": number}
    found: datetime = tx.connection.execute(_LOGGED_AT, values).scalar_one()
    return found


def entries(tx: Transaction, epoch: int, *, after: int, last: int) -> Iterator[Entry]:
    """Part by part, so that a long log is never held as a whole."""
    while after < last:
        values = {"district": tx.district, "epoch": epoch, "after": after, "last": last, "limit": _PART}
        rows = [Entry(*row) for row in tx.connection.execute(_ENTRIES, values)]
        yield from rows
        after = rows[-1].number


def undelivered(
    tx: Transaction, agency: str, epoch: int, *, last: int, event_types: Sequence[str]
) -> list[dict[str, Any]]:
    """For each endpoint, how many events up to `last` it has not accepted yet."""
    values = {
        "district": tx.district,
        "agency": agency,
        "epoch": epoch,
        "last": last,
        "event_types": list(event_types),
    }
    rows = tx.connection.execute(_UNDELIVERED, values)
    return [{"endpoint_id": str(row.endpoint_id), "status": row.status, "events": row.events} for row in rows]


def latest(tx: Transaction, agency: str) -> Latest | None:
    row = tx.connection.execute(_LATEST, {"district": tx.district, "agency": agency}).one_or_none()
    return Latest(*row) if row else None


def keep(tx: Transaction, statement: Statement) -> int:
    """How many were kept: 0 where another process was first."""
    values = {**statement._asdict(), "district": tx.district, "event_types": list(statement.event_types)}
    return tx.connection.execute(_KEEP, values).rowcount


def keep_key(tx: Transaction, key_id: str, public_key: Mapping[str, Any]) -> None:
    values = {"district": tx.district, "key_id": key_id, "public_key": Jsonb(dict(public_key))}
    tx.connection.execute(_KEEP_KEY, values)
